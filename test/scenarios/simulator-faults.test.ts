// What `npm start` without a key shows of a fault, with the models and fallbacks that ship.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AttemptOutcome, ErrorReason, RouteReason, SkipReason } from "../../gen/switchyard/v1/routing_pb.ts";
import { type ScenarioWorld, startScenario, tracedAttempts } from "../support/scenario-world.ts";
import { startTraceBackend, type TraceBackend } from "../support/trace-backend.ts";

let backend: TraceBackend;
let world: ScenarioWorld;
beforeAll(async () => {
  backend = await startTraceBackend();
});
afterAll(() => backend.close());
afterEach(() => world.close());

async function start(fault: string): Promise<void> {
  const config = `
simulator: { firstTokenMs: 1, tokensPerSecond: 0, faults: { "openai/gpt-4.1": ${fault} } }
drain: { delayMs: 0, graceMs: 1000 }
ledger: { off: true }
`;
  world = await startScenario({ config, listener: "grpc", backend });
}

for (const [fault, reason, model] of [
  ["rate-limited", ErrorReason.UPSTREAM_RATE_LIMITED, "deepseek/deepseek-chat-v3-2"],
  ["unavailable", ErrorReason.UPSTREAM_OVERLOADED, "google/gemini-2.5-flash-preview"],
  ["server-error", ErrorReason.UPSTREAM_SERVER_ERROR, "google/gemini-2.5-flash-preview"],
  ["reset", ErrorReason.UPSTREAM_UNREACHABLE, "google/gemini-2.5-flash-preview"],
  ["html", ErrorReason.UPSTREAM_BAD_RESPONSE, "google/gemini-2.5-flash-preview"],
  ["model-missing", ErrorReason.UPSTREAM_BAD_RESPONSE, "google/gemini-2.5-flash-preview"],
] as const) {
  describe(`a call for openai/gpt-4.1 that is ${fault}`, () => {
    for (const kind of ["chat", "chatStream"] as const) {
      it(`is answered by ${model}, and the trail and the trace say why (${kind})`, async () => {
        await start(fault);
        const caller = `${fault}-${kind}`;
        const seen = await world[kind]({ model: "openai/gpt-4.1", caller });
        expect(seen).toMatchObject({
          code: "OK",
          route: { model, reason: RouteReason.FALLBACK, attemptCount: 2 },
        });
        expect(seen.text).toMatch(/simulated/i);
        expect(seen.route!.decisionId).toMatch(/^PROD_/);
        expect(seen.route!.attempts).toMatchObject([
          { number: 1, outcome: AttemptOutcome.FAILED, error: { reason } },
          { number: 2, outcome: AttemptOutcome.SUCCEEDED, reason: RouteReason.FALLBACK },
        ]);
        await world.close();
        const { server, route, attempts } = await tracedAttempts(backend, caller);
        expect(route.parentSpanId).toBe(server.spanId);
        expect(attempts.map(({ name, parentSpanId, status }) => [name, parentSpanId, status.code])).toEqual([
          ["chat openai/gpt-4.1", route.spanId, "ERROR"],
          [`chat ${model}`, route.spanId, "UNSET"],
        ]);
        expect(server.status.code).toBe("UNSET");
        expect(server.attributes["switchyard.route.id"]).toBe(seen.route!.decisionId);
      });
    }
  });
}

it("an upstream that goes on failing is skipped, and its breaker is why", async () => {
  await start("unavailable");
  for (let n = 0; n < 5; n++) await world.chat({ model: "openai/gpt-4.1" });
  const seen = await world.chat({ model: "openai/gpt-4.1" });
  expect(seen.route).toMatchObject({
    model: "google/gemini-2.5-flash-preview",
    reason: RouteReason.FALLBACK,
    attempts: [{ outcome: AttemptOutcome.SKIPPED, skipReason: SkipReason.BREAKER_OPEN }, { number: 1 }],
  });
  const { models } = await world.client.listModels({ provider: "openai" });
  expect(models.every(({ simulated }) => simulated)).toBe(true);
});

it("a spent quota rests the key for every model, so that one key alone leaves nothing to fall back to", async () => {
  await start("quota-exhausted");
  const seen = await world.chat({ model: "openai/gpt-4.1" });
  expect(seen).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_QUOTA_EXHAUSTED" });
});
