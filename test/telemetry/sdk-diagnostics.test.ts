import { describe, expect, it } from "vitest";
import { createSdkDiagnostics } from "../../src/telemetry/sdk-diagnostics.ts";
import { settledWithin } from "../../src/telemetry/settled-within.ts";

function diagnostics() {
  let now = 0;
  const lines: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    lines.push({ fields, message });
  };
  return {
    lines,
    advance: (ms: number) => {
      now += ms;
    },
    logger: createSdkDiagnostics({ debug: write, info: write, warn: write, error: write }, () => now),
  };
}

const flattened = (port: number): string =>
  JSON.stringify({
    stack: "Error: connect ECONNREFUSED\n    at TCPConnectWrap.afterConnect",
    message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    name: "Error",
    code: "ECONNREFUSED",
  });

describe("createSdkDiagnostics()", () => {
  it("tells each kind once a minute, without its stack, and how many it left out", () => {
    const { lines, advance, logger } = diagnostics();
    for (let i = 0; i < 50; i += 1) logger.error(flattened(4000 + i));
    logger.warn("Dropped 10 spans because maxQueueSize reached");
    logger.warn("Dropped 2000 spans because maxQueueSize reached");
    expect(lines.map((line) => line.message)).toEqual([
      "Error: ECONNREFUSED connect ECONNREFUSED 127.0.0.1:4000",
      "Dropped 10 spans because maxQueueSize reached",
    ]);
    advance(60_000);
    logger.error(flattened(5000));
    expect(lines.at(-1)?.fields).toEqual({ event: "telemetry_problem", suppressed: 49 });
  });

  it("is a short single line whatever the SDK says", () => {
    const { lines, logger } = diagnostics();
    logger.error("{not json", new Error("a\nb"), [new Error("c")], undefined, "x".repeat(5_000));
    expect(lines[0]?.message).not.toContain("\n");
    expect(lines[0]?.message.length).toBeLessThanOrEqual(200);
  });

  it("remembers a bounded number of kinds", () => {
    const { lines, logger } = diagnostics();
    for (let i = 0; i < 1_000; i += 1) logger.warn("k".repeat(i));
    expect(lines.length).toBeGreaterThan(0);
  });
});

describe("settledWithin()", () => {
  const cases = [
    {
      name: "an array",
      work: () => Promise.reject([new Error("Concurrent export limit reached")] as unknown),
    },
    { name: "an error", work: () => Promise.reject(new Error("Concurrent export limit reached")) },
    {
      name: "a throw",
      work: (): Promise<void> => {
        throw new Error("Concurrent export limit reached");
      },
    },
  ];
  for (const { name, work } of cases) {
    it(`never rejects, not with ${name}`, async () => {
      const told: string[] = [];
      await settledWithin(10_000, work as () => Promise<void>, (what) => told.push(what));
      expect(told.join()).toContain("Concurrent export limit reached");
    });
  }

  it("gives up after its time", async () => {
    const told: string[] = [];
    await settledWithin(
      20,
      () => new Promise<void>(() => {}),
      (what) => told.push(what),
    );
    expect(told).toEqual(["the collector did not answer within 20 ms"]);
  });
});
