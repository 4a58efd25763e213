import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { assignArm, canaryBucket, canaryBuckets, takesPart } from "../../src/routing/canary-arm.ts";
import type { CanarySplit } from "../../src/routing/catalog.ts";
import { sampleFacts, sampleModel } from "../support/routing-samples.ts";

const split: CanarySplit = { stable: "old", canary: "new", weightBasisPoints: 500 };
const both = sampleModel("acme/both", ["old", "new"]);

/** Keys of the shapes that callers send, all different. */
const shapes: Readonly<Record<string, (index: number) => string>> = {
  counters: (index) => `${index}`,
  users: (index) => `user-${index.toString().padStart(8, "0")}`,
  "mail addresses": (index) => `someone.${index}@example.com`,
  hashes: (index) => createHash("sha256").update(`${index}`).digest("hex"),
  "names beyond ASCII": (index) => `사용자-${index}-é`,
  "the gateway's own ids": (index) => `0193a1f2-${(index * 7919).toString(16).padStart(8, "0")}`,
};

describe("the bucket of a call", () => {
  // By another implementation, in Python: a replica of any version must find the same ones.
  const vectors: readonly (readonly [string, number])[] = [
    ["", 8923],
    ["a", 1715],
    ["user-1", 5916],
    ["user-2", 1105],
    ["request-1", 6521],
    ["team-a:conversation-42", 9524],
    ["사용자", 9581],
    ["😀", 3206],
    ["x".repeat(128), 1068],
  ];
  it.each(vectors)("is the same on every replica and after every restart: %j", (key, bucket) => {
    expect(canaryBucket(key)).toBe(bucket);
  });

  it("is the same at every call", () => {
    for (let index = 0; index < 1000; index += 1) {
      expect(canaryBucket(`key-${index}`)).toBe(canaryBucket(`key-${index}`));
    }
  });

  it.each(Object.entries(shapes))("is one of ten thousand, spread evenly over %s", (_, keyOf) => {
    const perBin = 5000;
    const bins = Array.from({ length: 20 }, () => 0);
    for (let index = 0; index < perBin * bins.length; index += 1) {
      const bucket = canaryBucket(keyOf(index));
      expect(Number.isInteger(bucket) && bucket >= 0 && bucket < canaryBuckets).toBe(true);
      bins[Math.floor((bucket / canaryBuckets) * bins.length)]! += 1;
    }
    const chiSquared = bins.reduce((sum, count) => sum + (count - perBin) ** 2 / perBin, 0);
    // 99.9 % of even spreads over twenty bins stay below it.
    expect(chiSquared).toBeLessThan(43.8);
  });
});

/** The arms of 500 calls. */
function arms(facts: (index: number) => Parameters<typeof sampleFacts>[0]): ReadonlySet<string> {
  return new Set(
    Array.from({ length: 500 }, (_, index) => assignArm(split, both, sampleFacts(facts(index)))),
  );
}

describe("the arm of a call", () => {
  it.each(Object.entries(shapes))(
    "is the canary's for 5 % of %s, within three sigma (invariant 21)",
    (_, keyOf) => {
      const calls = 100_000;
      let canary = 0;
      for (let index = 0; index < calls; index += 1) {
        if (assignArm(split, both, sampleFacts({ affinityKey: keyOf(index) })) === "canary") canary += 1;
      }
      const sigma = Math.sqrt(calls * 0.05 * 0.95);
      expect(Math.abs(canary - calls * 0.05)).toBeLessThan(3 * sigma);
    },
  );

  it("is the canary's below the weight in basis points and stable's from there on", () => {
    const facts = sampleFacts({ affinityKey: "user-1" });
    const bucket = canaryBucket("user-1");
    expect(assignArm({ ...split, weightBasisPoints: bucket }, both, facts)).toBe("stable");
    expect(assignArm({ ...split, weightBasisPoints: bucket + 1 }, both, facts)).toBe("canary");
  });

  it("keeps every canary call when the weight grows", () => {
    const grown = { ...split, weightBasisPoints: 2500 };
    const calls = Array.from({ length: 5000 }, (_, index) => sampleFacts({ affinityKey: `user-${index}` }));
    const atCanary = calls.filter((facts) => assignArm(split, both, facts) === "canary");
    expect(atCanary.length).toBeGreaterThan(100);
    expect(atCanary.filter((facts) => assignArm(grown, both, facts) === "stable")).toEqual([]);
  });

  it("is never the canary's at weight 0, and always at 100 %", () => {
    for (let index = 0; index < 5000; index += 1) {
      const facts = sampleFacts({ affinityKey: `user-${index}` });
      expect(assignArm({ ...split, weightBasisPoints: 0 }, both, facts)).toBe("stable");
      expect(assignArm({ ...split, weightBasisPoints: 10_000 }, both, facts)).toBe("canary");
    }
  });

  it("follows the affinity key, and the call's own id without one", () => {
    expect(arms((index) => ({ affinityKey: "one", requestId: `${index}` })).size).toBe(1);
    expect(arms((index) => ({ requestId: `${index}` })).size).toBe(2);
  });

  it("is what the caller requires or excludes, whatever its bucket", () => {
    for (let index = 0; index < 200; index += 1) {
      const requestId = `${index}`;
      expect(assignArm(split, both, sampleFacts({ requestId, canary: "require" }))).toBe("canary");
      expect(assignArm(split, both, sampleFacts({ requestId, canary: "exclude" }))).toBe("stable");
    }
  });

  it("is stable where there is no split, no model, or no deployment at both upstreams", () => {
    const facts = sampleFacts({ canary: "require" });
    expect(assignArm(undefined, both, facts)).toBe("stable");
    expect(assignArm(split, undefined, facts)).toBe("stable");
    expect(assignArm(split, sampleModel("acme/old", ["old"]), facts)).toBe("stable");
    expect(assignArm(split, sampleModel("acme/new", ["new"]), facts)).toBe("stable");
  });
});

describe("taking part in the split", () => {
  it("needs a split, and a deployment at both of its upstreams", () => {
    expect(takesPart(undefined, both)).toBe(false);
    expect(takesPart(split, both)).toBe(true);
    expect(takesPart(split, sampleModel("acme/more", ["other", "new", "old"]))).toBe(true);
    expect(takesPart(split, sampleModel("acme/old", ["old", "other"]))).toBe(false);
    expect(takesPart(split, sampleModel("acme/new", ["new", "other"]))).toBe(false);
    expect(takesPart(split, sampleModel("acme/nowhere", []))).toBe(false);
  });
});
