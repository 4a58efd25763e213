import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canaryFileOf, createCanaryFile } from "../../src/attempt/canary-file.ts";
import type { SavedCanary } from "../../src/attempt/canary-store.ts";

const saved: SavedCanary = {
  stable: "old",
  canary: "new",
  configuredBasisPoints: 500,
  changedAt: 1_700_000_000_000,
  standing: { kind: "rolled-back", rule: "errors", why: "it fails", at: 1_700_000_000_000 },
};

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-canary-"));
  path = join(folder, "switchyard.canary.json");
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("canaryFileOf()", () => {
  it("stands beside the ledger's file and is named after it", () => {
    expect(canaryFileOf("switchyard.db")).toBe("switchyard.canary.json");
    expect(canaryFileOf("/var/lib/gateway/calls.sqlite")).toBe("/var/lib/gateway/calls.canary.json");
    expect(canaryFileOf("data/ledger")).toBe("data/ledger.canary.json");
  });
});

describe("a canary's file", () => {
  it("has nothing before the first save", async () => {
    expect(await createCanaryFile(path).load()).toEqual({ kind: "nothing" });
  });

  for (const standing of [saved.standing, { kind: "trying", weightBasisPoints: 2500 } as const]) {
    it(`gives a canary back that is ${standing.kind}`, async () => {
      expect(await createCanaryFile(path).save({ ...saved, standing })).toBe(true);
      expect(await createCanaryFile(path).load()).toEqual({ kind: "saved", saved: { ...saved, standing } });
    });
  }

  it("is its owner's alone, and leaves nothing else behind", async () => {
    await createCanaryFile(path).save(saved);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["switchyard.canary.json"]);
  });

  it("is never seen half-written", async () => {
    const file = createCanaryFile(path);
    const state = { writing: true };
    const reading = (async () => {
      const kinds = new Set<string>();
      while (state.writing) kinds.add((await createCanaryFile(path).load()).kind);
      return kinds;
    })();
    for (let round = 0; round < 50; round++) {
      const why = "x".repeat(round * 400);
      const standing = { kind: "rolled-back", rule: "errors", why, at: round } as const;
      await file.save({ ...saved, changedAt: round, standing });
    }
    state.writing = false;
    expect([...(await reading)].filter((kind) => kind === "unreadable")).toEqual([]);
  });

  const broken: readonly (readonly [string, string])[] = [
    ["empty", ""],
    ["cut off", JSON.stringify(saved).slice(0, 60)],
    ["of another form", "[]"],
    ["without a standing", JSON.stringify({ ...saved, standing: undefined })],
    ["of an unknown standing", JSON.stringify({ ...saved, standing: { kind: "paused" } })],
    ["of an unknown rule", JSON.stringify({ ...saved, standing: { ...saved.standing, rule: "whim" } })],
    [
      "of a share beyond all",
      JSON.stringify({ ...saved, standing: { kind: "trying", weightBasisPoints: 10_001 } }),
    ],
    [
      "of a share that is no number",
      JSON.stringify({ ...saved, standing: { kind: "trying", weightBasisPoints: "5" } }),
    ],
  ];
  for (const [what, text] of broken) {
    it(`is unreadable where it is ${what}, and not nothing`, async () => {
      await writeFile(path, text);
      expect(await createCanaryFile(path).load()).toEqual({ kind: "unreadable" });
    });
  }

  it("is unreadable where it cannot be opened", async () => {
    // Not by its mode: the superuser may read everything.
    expect(await createCanaryFile(folder).load()).toEqual({ kind: "unreadable" });
  });

  it("says that it could not be kept", async () => {
    const lost = createCanaryFile(join(folder, "gone", "switchyard.canary.json"));
    expect(await lost.save(saved)).toBe(false);
  });

  it("is JSON that a person can read", async () => {
    await createCanaryFile(path).save(saved);
    expect(await readFile(path, "utf8")).toBe(`${JSON.stringify(saved, undefined, 2)}\n`);
  });
});
