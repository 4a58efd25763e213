import { beforeEach, describe, expect, it } from "vitest";
import { createKeyRequests, type KeyRequest, type KeyRequests } from "../../src/workers/key-request.ts";

describe("what a worker asks of its primary for an operator", () => {
  let sent: [number, KeyRequest][];
  let requests: KeyRequests;
  beforeEach(() => {
    sent = [];
    requests = createKeyRequests((id, request) => sent.push([id, request]));
  });

  it("is sent on, and each gets its own answer", async () => {
    const rotated = requests.desk.rotate("main", "a");
    const reloaded = requests.desk.reload("operator");
    const compared = requests.desk.compare();
    expect(sent).toEqual([
      [1, { kind: "rotate", upstream: "main", keyId: "a" }],
      [2, { kind: "reload" }],
      [3, { kind: "compare" }],
    ]);
    const valid = {
      kind: "valid",
      previousRevision: "1",
      revision: "2",
      differences: [],
      needsRestart: [],
    } as const;
    requests.answered(3, valid);
    requests.answered(1, { kind: "unknown" });
    requests.answered(2, { kind: "invalid", problems: [] });
    expect(await rotated).toEqual({ kind: "unknown" });
    expect(await reloaded).toEqual({ kind: "invalid", problems: [] });
    expect(await compared).toEqual(valid);
  });

  it("changes nothing where the primary is gone, and says so", async () => {
    const under = requests.desk.rotate("main", "a");
    requests.end();
    for (const rotated of [under, requests.desk.rotate("main", "a")]) {
      expect(await rotated).toEqual({ kind: "kept", why: expect.stringContaining("is gone") });
    }
    expect(await requests.desk.reload("operator")).toMatchObject({
      kind: "invalid",
      problems: [{ message: expect.stringContaining("is gone") }],
    });
    expect(sent).toHaveLength(1);
  });
});
