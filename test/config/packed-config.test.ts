import { deserialize, serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { packConfig, type PackedConfig, unpackConfig } from "../../src/config/packed-config.ts";
import { anyKey, configOf } from "../support/parsed-config.ts";

/** As a message between two processes carries it. */
function carried(config: Config): Config {
  return unpackConfig(deserialize(serialize(packConfig(config))) as PackedConfig);
}

const text = `
listen: { operator: "127.0.0.1:0" }
upstreams:
  main: { baseUrl: "https://api.example.com/v1", keys: [{ id: a, env: KEY_A }, { id: b, env: KEY_B }] }
models:
  acme/main: { price: { inputPerMTok: "0.42", outputPerMTok: "1.9" }, capabilities: [tools], upstreams: [main] }
tiers: { simple: [acme/main], standard: [acme/main], advanced: [acme/main] }
ledger: { url: "postgres://user:secret@db/switchyard" }
operator: { tokenEnv: TOKEN }
budgets: [{ caller: team-a, perDay: "5.00" }]
`;
const token = "operator-token-0123456789-abcdef";

describe("a packed configuration", () => {
  it("is the same configuration on the other side, secrets included", () => {
    const config = configOf(text, { KEY_A: anyKey, KEY_B: `${anyKey}-b`, TOKEN: token });
    const there = carried(config);
    const secretsOf = ({ upstreams, ledger, operator }: Config): readonly (string | undefined)[] => [
      ...[...upstreams.values()].flatMap(({ keys }) => keys.map(({ secret }) => secret.reveal())),
      ledger.url?.reveal(),
      operator.token?.reveal(),
    ];
    expect(secretsOf(there)).toEqual(secretsOf(config));
    expect(secretsOf(there)).toEqual([anyKey, `${anyKey}-b`, "postgres://user:secret@db/switchyard", token]);
    // Secrets are functions, which are equal only to themselves; what they hold is compared above.
    expect(packConfig(there)).toEqual(packConfig(config));
    expect(there.models.get("acme/main")).toEqual(config.models.get("acme/main"));
    expect(there.budgets[0]?.perDayNanos).toBe(5_000_000_000n);
  });

  it("carries what is left out, too", () => {
    const config = configOf("{}");
    expect(packConfig(carried(config))).toEqual(packConfig(config));
  });

  it("shows no secret once it is unpacked", () => {
    const there = carried(configOf(text, { KEY_A: anyKey, KEY_B: `${anyKey}-b`, TOKEN: token }));
    expect(JSON.stringify([...there.upstreams.values(), there.ledger, there.operator])).not.toMatch(
      /secret@db|operator-token|0123456789/,
    );
  });
});
