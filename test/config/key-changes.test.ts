import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyConfig } from "../../src/config/config.ts";
import { keyChanges } from "../../src/config/key-changes.ts";
import { createSecret } from "../../src/config/secret.ts";

const key = (id: string, secret = id, name = "KEY"): KeyConfig => ({
  id,
  source: { kind: "env", name },
  secret: createSecret(secret),
});

describe("the changes of an upstream's keys", () => {
  it("are the ids that came, went, or have another secret, and the order that is now", () => {
    const before = [key("a"), key("b"), key("c")];
    const after = [key("d"), key("c", "another"), key("a")];
    expect(keyChanges(before, after)).toEqual({
      added: ["d"],
      retired: ["b"],
      rotated: ["c"],
      order: ["d", "c", "a"],
    });
  });

  it("are none where each has the secret it had, wherever that comes from now", () => {
    expect(keyChanges([key("a"), key("b")], [key("a", "a", "OTHER"), key("b")])).toBeUndefined();
  });

  it("may be their order alone", () => {
    expect(keyChanges([key("a"), key("b")], [key("b"), key("a")])).toEqual({
      added: [],
      retired: [],
      rotated: [],
      order: ["b", "a"],
    });
  });

  it("are none exactly where two lists are the same, and hold nothing of a secret", () => {
    const lists = fc.uniqueArray(
      fc.record({ id: fc.constantFrom("a", "b", "c"), secret: fc.constantFrom("hidden-1", "hidden-2") }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        const [before, after] = [one, other].map((list) => list.map(({ id, secret }) => key(id, secret)));
        const changes = keyChanges(before!, after!);
        expect(changes === undefined).toBe(JSON.stringify(one) === JSON.stringify(other));
        expect(JSON.stringify(changes) ?? "").not.toContain("hidden");
      }),
    );
  });
});
