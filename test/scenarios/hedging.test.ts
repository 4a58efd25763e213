// A second attempt beside a silent first one, over real sockets: who answers, what becomes of the other, and that
// the caller is charged for one call.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { AttemptOutcome, RouteReason } from "../../gen/switchyard/v1/routing_pb.ts";
import { type Behaviour, type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { runScenario, runUpstream } from "../support/running-scenario.ts";
import {
  limitsOf,
  type ListenerUnderTest,
  type ScenarioWorld,
  tracedAttempts,
} from "../support/scenario-world.ts";
import { startTraceBackend, type TraceBackend } from "../support/trace-backend.ts";
import { answers, hangsAfterHeaders, hangsBeforeHeaders } from "../support/upstream-behaviours.ts";

let backend: TraceBackend;
beforeAll(async () => {
  backend = await startTraceBackend();
});
afterAll(() => backend.close());

let slow: FaultyUpstream;
let quick: FaultyUpstream;
let world: ScenarioWorld;

const model = "acme/a";

/** A busy machine may bring the first request later than the second. */
const answersOnceBothAreAsked: Behaviour = {
  name: "answers once both are asked",
  answer: async (exchange) => {
    await slow.received(1);
    await answers({ texts: ["from", " the quick"] }).answer(exchange);
  },
};

async function start(
  listener: ListenerUnderTest,
  slowScript: Script,
  quickScript: Script = () => answersOnceBothAreAsked,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "switchyard-hedging-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  slow = await runUpstream(slowScript);
  quick = await runUpstream(quickScript);
  const longMs = 30_000;
  const config = `
upstreams:
  slow: { baseUrl: "${slow.baseUrl}", keys: [{ id: slow, env: KEY_SLOW }] }
  quick: { baseUrl: "${quick.baseUrl}", keys: [{ id: quick, env: KEY_QUICK }] }
models:
  ${model}: { upstreams: [slow, quick], price: { inputPerMTok: "1.00", outputPerMTok: "2.00" } }
tiers: { simple: [${model}], standard: [${model}], advanced: [${model}] }
hedge: { enabled: true, delayMs: 100, maxExtraPercent: 100 }
${limitsOf({ firstTokenMs: longMs, idleMs: longMs, tokenIdleMs: longMs, unaryMs: longMs, ledger: "{ path: ledger.db }" })}
`;
  world = await runScenario({ config, listener, backend, cwd: folder });
}

let calls = 0;

for (const listener of ["grpc", "connect"] as const) {
  describe(`a hedge, on the ${listener} listener`, () => {
    for (const [kind, silence] of [
      ["chat", hangsBeforeHeaders],
      ["chatStream", hangsBeforeHeaders],
      ["chatStream", hangsAfterHeaders],
    ] as const) {
      it(`answers a ${kind} whose first upstream ${silence.name}; that one is left, and one call is charged`, async () => {
        await start(listener, () => silence);
        const caller = `hedged-${(calls += 1)}`;
        const seen = await world[kind]({ model, caller });
        expect(seen).toMatchObject({ code: "OK", text: "from the quick" });
        expect(seen.route).toMatchObject({
          deployment: `${model}@quick`,
          reason: RouteReason.HEDGE,
          attemptCount: 2,
        });
        await slow.aborted(0);
        expect([slow.requests.length, quick.requests.length]).toEqual([1, 1]);
        expect(quick.aborts).toEqual([]);

        // What the winner used is what the answer used; the loser's prompt is paid, once, and told.
        expect(seen.usage).toMatchObject({ inputTokens: 3, outputTokens: 3 });
        const told = seen.route!.attempts.toSorted((a, b) => a.number - b.number);
        expect(told.map(({ outcome }) => outcome)).toEqual([
          AttemptOutcome.CANCELLED,
          AttemptOutcome.SUCCEEDED,
        ]);
        const [lost, won] = told.map(({ cost }) => cost);
        expect(won).toMatchObject({ nanosUsd: 9_000n, estimated: false });
        expect(lost).toMatchObject({ estimated: true });
        expect(lost!.nanosUsd).toBeGreaterThan(0n);
        const total = lost!.nanosUsd + won!.nanosUsd;
        expect(seen.route!.totalCost).toMatchObject({ nanosUsd: total, estimated: true });
        const { arms } = await world.operator.getReport({});
        expect(arms).toMatchObject([
          { requests: 1n, attempts: 2n, failures: 0n, cost: { nanosUsd: total, unpriced: false } },
        ]);

        for (const deployment of [`${model}@slow`, `${model}@quick`]) {
          expect(await world.health(deployment)).toMatchObject({ failurePpm: 0, inFlight: 0 });
        }
        await world.close();
        const { server, route, attempts } = await tracedAttempts(backend, caller);
        expect(server.traceId).toBe(seen.traceId);
        expect(route.attributes).toMatchObject({ "switchyard.route.outcome": "hedged" });
        expect(
          attempts.map(({ attributes, status, parentSpanId }) => [
            attributes["switchyard.attempt.reason"],
            attributes["switchyard.attempt.outcome"],
            status.code,
            parentSpanId,
          ]),
        ).toEqual([
          ["primary", "hedge_lost", "UNSET", route.spanId],
          ["hedge", "success", "UNSET", route.spanId],
        ]);
        expect(attempts[1]!.links).toMatchObject([
          { spanId: attempts[0]!.spanId, attributes: { "switchyard.link.type": "hedge_of" } },
        ]);
      });
    }

    it("is left itself where the first upstream answers after all", async () => {
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      const late: Behaviour = {
        name: "answers when its gate opens",
        answer: async (exchange) => {
          await gates[exchange.request.index === 0 ? 0 : 1].promise;
          await answers({ texts: ["at last"] }).answer(exchange);
        },
      };
      await start(
        listener,
        () => late,
        () => hangsBeforeHeaders,
      );
      for (const [index, kind] of (["chat", "chatStream"] as const).entries()) {
        const call = world[kind]({ model });
        await quick.received(index + 1);
        gates[index]!.resolve();
        expect(await call).toMatchObject({
          code: "OK",
          text: "at last",
          route: { deployment: `${model}@slow`, reason: RouteReason.PRIMARY },
        });
        await quick.aborted(index);
      }
      expect(slow.aborts).toEqual([]);
    });
  });
}
