// What a caller may spend, over real sockets: estimated before, settled after, released where nothing was used.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { QuotaFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { GatewayTime } from "../../src/gateway.ts";
import { type Behaviour, type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { createManualClock, gatewayTimeOf } from "../support/manual-clock.ts";
import { runBetweenTwo, runScenario, runUpstream } from "../support/running-scenario.ts";
import { patientLimits, type ScenarioWorld, twoUpstreams } from "../support/scenario-world.ts";
import {
  answers,
  answersAfter,
  hangsBeforeHeaders,
  refuses,
  streamsThenResets,
} from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let world: ScenarioWorld;

// A prompt of a few tokens and an answer of at most 1024 are estimated at about 0.002 USD.
const patient = patientLimits;

async function start(
  script: Script,
  budgets: string,
  listener: "grpc" | "connect" = "grpc",
  time?: GatewayTime,
): Promise<void> {
  const more = `${patient}\nbudgets: ${budgets}\n`;
  ({ main, world } = await runBetweenTwo({
    script,
    more,
    listener,
    ...(time === undefined ? {} : { time }),
  }));
}

/** A million tokens of output: two dollars. */
const dear = answers({ usage: { prompt_tokens: 0, completion_tokens: 1_000_000 } });

for (const listener of ["grpc", "connect"] as const) {
  describe(`a budget, on the ${listener} listener`, () => {
    it("refuses its caller once it is spent, says when it starts anew, and lets others call", async () => {
      await start(() => dear, `[{ caller: team-a, perDay: "3.00" }]`, listener);
      expect((await world.chat({ caller: "team-a" })).code).toBe("OK");
      expect((await world.chat({ caller: "team-a" })).code).toBe("OK");
      const seen = await world.chat({ caller: "team-a" });
      expect(seen).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "CALLER_QUOTA_EXHAUSTED" });
      expect(seen.message).toContain("caller team-a");
      const tomorrow = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString();
      expect(seen.metadata["reset_time"]).toBe(tomorrow);
      expect(seen.retryAfterMs).toBeGreaterThan(0);
      expect(seen.error?.findDetails(QuotaFailureSchema)[0]?.violations[0]).toMatchObject({
        subject: "caller team-a",
      });
      expect((await world.chatStream({ caller: "team-a" })).reason).toBe("CALLER_QUOTA_EXHAUSTED");
      expect((await world.chat({ caller: "team-b" })).code).toBe("OK");
      expect(main.requests).toHaveLength(3);
    });
  });
}

it("a budget starts anew at midnight of UTC, and one of a month with the next month", async () => {
  const clock = createManualClock();
  // The last day but one of January, a minute before its end.
  const epochMs = Date.UTC(2027, 0, 30, 23, 59) - clock.now();
  const budgets = `[{ caller: day, perDay: "3.00" }, { caller: month, perMonth: "3.00" }]`;
  await start(
    () => dear,
    budgets,
    "grpc",
    gatewayTimeOf(clock, () => epochMs),
  );
  const reasons = async (): Promise<readonly string[]> => [
    (await world.chat({ caller: "day" })).reason,
    (await world.chat({ caller: "month" })).reason,
  ];
  const spent = "CALLER_QUOTA_EXHAUSTED";
  for (let n = 0; n < 2; n++) expect(await reasons()).toEqual(["", ""]);
  const seen = await world.chat({ caller: "day" });
  expect(seen.metadata["reset_time"]).toBe("2027-01-31T00:00:00.000Z");
  expect(seen.retryAfterMs).toBe(60_000);
  await clock.advance(59_999);
  expect(await reasons()).toEqual([spent, spent]);
  await clock.advance(1);
  for (let n = 0; n < 2; n++) expect(await reasons()).toEqual(["", spent]);
  expect(await reasons()).toEqual([spent, spent]);
  await clock.advance(86_400_000);
  expect(await reasons()).toEqual(["", ""]);
});

it("a budget warns once when its level is reached", async () => {
  await start(() => dear, `[{ caller: team-a, perMonth: "5.00", warnPercent: 40 }]`);
  for (let n = 0; n < 2; n++) await world.chat({ caller: "team-a" });
  const warnings = world.log.filter(({ event }) => event === "budget_warning");
  expect(warnings).toMatchObject([
    { level: "warn", budget: "caller team-a", period: "month", spent_nanos_usd: "2000000000" },
  ]);
});

it("a budget lets no more calls run at once than it could pay", async () => {
  const gate = Promise.withResolvers<void>();
  // Each sets aside about 0.002 USD.
  await start(() => answersAfter(gate.promise), `[{ caller: team-a, perDay: "0.01" }]`);
  const calls = Array.from({ length: 10 }, () => world.chat({ caller: "team-a" }));
  await main.received(4);
  gate.resolve();
  const codes = (await Promise.all(calls)).map(({ code }) => code);
  expect(codes.filter((code) => code === "OK")).toHaveLength(4);
  expect(codes.filter((code) => code === "RESOURCE_EXHAUSTED")).toHaveLength(6);
  // What they did cost is far less, so there is room again.
  expect((await world.chat({ caller: "team-a" })).code).toBe("OK");
});

it("what was set aside comes back when the call fails, breaks off or is cancelled", async () => {
  let next: Behaviour = refuses(400);
  // Room for one call and no more.
  await start(() => next, `[{ caller: team-a, perDay: "0.0041" }]`);
  for (let n = 0; n < 3; n++) expect((await world.chat({ caller: "team-a" })).code).toBe("INVALID_ARGUMENT");
  next = streamsThenResets(2);
  for (let n = 0; n < 3; n++) expect((await world.chatStream({ caller: "team-a" })).code).toBe("ABORTED");
  next = hangsBeforeHeaders;
  for (let n = 0; n < 3; n++) {
    const abort = new AbortController();
    const seen = world.chat({ caller: "team-a", signal: abort.signal });
    await main.received(7 + n);
    abort.abort();
    expect((await seen).code).toBe("CANCELLED");
    await main.aborted(6 + n);
  }
  next = answers();
  await expect.poll(async () => (await world.chat({ caller: "team-a" })).code).toBe("OK");
});

it("a restart gives nobody a fresh budget", async () => {
  const folder = mkdtempSync(join(tmpdir(), "switchyard-budgets-"));
  main = await runUpstream(() => dear);
  const spare = await runUpstream(() => answers());
  const kept = patient.replace("ledger: { off: true }", `ledger: { path: "${join(folder, "ledger.db")}" }`);
  const budgets = `budgets: [{ caller: team-a, perDay: "3.00" }, { label: { team: x }, perMonth: "3.00" }]`;
  const config = twoUpstreams(main.baseUrl, spare.baseUrl, `${kept}\n${budgets}\n`);
  world = await runScenario({ config, listener: "grpc" });
  for (let n = 0; n < 2; n++) expect((await world.chat({ caller: "team-a" })).code).toBe("OK");
  for (let n = 0; n < 2; n++) expect((await world.chat({ labels: { team: "x" } })).code).toBe("OK");
  await world.close();
  world = await runScenario({ config, listener: "grpc" });
  expect((await world.chat({ caller: "team-a" })).reason).toBe("CALLER_QUOTA_EXHAUSTED");
  expect((await world.chat({ labels: { team: "x" } })).reason).toBe("CALLER_QUOTA_EXHAUSTED");
  expect((await world.chat({ labels: { team: "y" } })).code).toBe("OK");
  rmSync(folder, { recursive: true });
});
