import { format, inspect } from "node:util";
import { expect, it } from "vitest";
import { createSecret } from "../../src/config/secret.ts";

const characters = "test-key-0123456789";

it("shows a key when asked by name", () => {
  expect(createSecret(characters).reveal()).toBe(characters);
});

it("hides a key from JSON, templates, inspection and formatting", () => {
  const secret = createSecret(characters);
  const shown = [
    JSON.stringify({ secret }),
    String(secret),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true, getters: true }),
    format("%s %o %O %j", secret, secret, secret, secret),
  ].join("\n");
  expect(shown).toContain("***");
  expect(shown).not.toContain(characters);
});
