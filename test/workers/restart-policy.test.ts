import { describe, expect, it } from "vitest";
import { afterWorkerEnd, type WorkerEnd } from "../../src/workers/restart-policy.ts";

const lasting: WorkerEnd = {
  served: true,
  livedMs: 60_000,
  shortLivesBefore: 0,
  failedStarts: 0,
  othersServe: true,
};

describe("after the end of a worker", () => {
  const cases: readonly { name: string; end: Partial<WorkerEnd>; expected: number | "give-up" }[] = [
    { name: "that had lasted, another takes its place at once", end: {}, expected: 0 },
    {
      name: "that had lasted, what its predecessors did is forgotten",
      end: { shortLivesBefore: 9 },
      expected: 0,
    },
    { name: "that served but a moment, another waits a little", end: { livedMs: 9_999 }, expected: 100 },
    { name: "that never served, another waits a little", end: { served: false }, expected: 100 },
    {
      name: "after short lives, it waits longer",
      end: { served: false, shortLivesBefore: 3 },
      expected: 800,
    },
    {
      name: "after many, no longer than half a minute",
      end: { served: false, shortLivesBefore: 40 },
      expected: 30_000,
    },
    {
      name: "while others serve it is tried for ever",
      end: { served: false, failedStarts: 500, shortLivesBefore: 8 },
      expected: 25_600,
    },
    {
      name: "where nobody serves, four failed starts in a row are not the end",
      end: { served: false, failedStarts: 4, othersServe: false },
      expected: 100,
    },
    {
      name: "where nobody serves, five are",
      end: { served: false, failedStarts: 5, othersServe: false },
      expected: "give-up",
    },
    {
      name: "that had served, nobody gives up",
      end: { livedMs: 10, failedStarts: 5, othersServe: false },
      expected: 100,
    },
  ];
  for (const { name, end, expected } of cases) {
    it(name, () => {
      const next = afterWorkerEnd({ ...lasting, ...end });
      expect(next.kind === "restart" ? next.delayMs : next.kind).toBe(expected);
    });
  }
});
