import { create } from "@bufbuild/protobuf";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { type ChatInput, ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { createFleet, type Fleet } from "../../src/attempt/fleet.ts";
import type { ChatOutcome, StreamEvent } from "../../src/attempt/call-outcome.ts";
import { type CallRunner, createCallRunner } from "../../src/attempt/call-runner.ts";
import type {
  CallEnding,
  CallLimits,
  PlannedCall,
  StreamRestartMode,
} from "../../src/attempt/planned-call.ts";
import { createTrail, type AttemptEntry, type Trail } from "../../src/attempt/trail.ts";
import type { Config } from "../../src/config/config.ts";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import type { Catalog } from "../../src/routing/catalog.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { countInputTokens } from "../../src/upstream/estimate-tokens.ts";
import { shippedBreaker } from "./breaker-settings.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { recordTelemetry, type RecordedTelemetry } from "./recorded-telemetry.ts";
import { sampleFacts } from "./routing-samples.ts";
import { createScriptedKeys, type ScriptedKeys } from "./scripted-keys.ts";
import { createScriptedUpstream, type ScriptedReply, type ScriptedRequest } from "./scripted-upstream.ts";
import { sampleRoute } from "./span-samples.ts";

/** A call under way in a world, with the means to end it from outside. */
export interface WorldCall {
  readonly call: PlannedCall;
  readonly trail: Trail;
  readonly end: (why: CallEnding) => void;
}

/** A runner over scripted upstreams, on a clock that the test moves. */
export interface RunnerWorld {
  readonly clock: ManualClock;
  readonly fleet: Fleet;
  readonly runner: CallRunner;
  readonly telemetry: RecordedTelemetry;
  readonly keys: ReadonlyMap<string, ScriptedKeys>;
  /** In order, over all upstreams. */
  readonly requests: readonly ScriptedRequest[];
  readonly recorded: readonly AttemptEntry[];
  readonly drain: () => void;
  readonly plan: (options?: CallOptions) => WorldCall;
  /** Plans and runs a unary call. */
  readonly chat: (options?: CallOptions) => Promise<ChatOutcome>;
  /** Plans and runs a stream, reading to its end. */
  readonly stream: (options?: CallOptions) => Promise<readonly StreamEvent[]>;
  readonly close: () => Promise<void>;
}

export interface CallOptions {
  readonly facts?: Partial<CallFacts>;
  readonly limits?: Partial<CallLimits>;
  readonly timeoutMs?: number;
  readonly restart?: StreamRestartMode;
}

export const sampleInput: ChatInput = create(ChatInputSchema, {
  messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: "What is a switchyard?" } }] }],
});

export function createRunnerWorld(options: {
  readonly catalog: Catalog;
  readonly script: (request: ScriptedRequest, index: number) => ScriptedReply;
  /** Of every upstream; one where left out. */
  readonly keyIds?: readonly string[];
  readonly retry?: Partial<Config["retry"]>;
  readonly hedge?: Partial<Config["hedge"]>;
  readonly breaker?: Partial<Config["breaker"]>;
  readonly limiter?: Config["limiter"];
  readonly random?: () => number;
}): RunnerWorld {
  const { catalog } = options;
  const clock = createManualClock();
  const telemetry = recordTelemetry({ now: clock.now });
  const requests: ScriptedRequest[] = [];
  const recorded: AttemptEntry[] = [];
  const draining = new AbortController();
  const random = options.random ?? (() => 0.5);
  const names = [...new Set([...catalog.deployments.values()].map(({ upstream }) => upstream))];
  const keys = new Map(names.map((name) => [name, createScriptedKeys(options.keyIds ?? ["first"])]));
  const upstreams = new Map(
    names.map((name) => {
      const { pool } = keys.get(name)!;
      const { script } = options;
      return [name, createScriptedUpstream({ name, clock, keys: pool, requests, script })];
    }),
  );
  const config = {
    retry: {
      attempts: 5,
      baseMs: 1000,
      capMs: 60_000,
      jitter: "full" as const,
      budgetRatio: 0.1,
      budgetPerSecond: 1,
      ...options.retry,
    },
    hedge: { enabled: false, delayMs: 2000, maxExtraPercent: 1, ...options.hedge },
    breaker: { ...shippedBreaker, ...options.breaker },
    limiter: options.limiter ?? { start: 256, min: 4, max: 256 },
  };
  const { now, setTimer } = clock;
  const fleet = createFleet({
    catalog,
    upstreams,
    config,
    now,
    random,
    setTimer,
    onTransition: () => {},
  });
  const runner = createCallRunner({
    catalog,
    fleet,
    config,
    now,
    wallClock: () => 1_700_000_000_000 + clock.now(),
    random,
    setTimer,
    draining: draining.signal,
    onAttempt: (entry) => recorded.push(entry),
  });

  const plan = ({ facts, limits, timeoutMs, restart = "before-content" }: CallOptions = {}): WorldCall => {
    const planned = planRoute(catalog, sampleFacts(facts));
    if (planned.kind === "rejected") throw new Error(`no plan: ${planned.rejection.kind}`);
    const controller = new AbortController();
    let ending: CallEnding | undefined;
    const trail = createTrail();
    const allowanceMs = timeoutMs ?? 120_000;
    const route = telemetry.source && startRouteSpan(telemetry.source, sampleRoute({ stream: false }));
    return {
      trail,
      end: (why) => {
        ending = why;
        controller.abort();
      },
      call: {
        plan: planned.plan,
        input: sampleInput,
        inputTokens: countInputTokens(sampleInput).estimate,
        restart,
        signal: controller.signal,
        ending: () => ending,
        route,
        trail,
        account: { caller: "anonymous", labels: {} },
        limits: {
          deadline: clock.now() + allowanceMs,
          deadlineFromCaller: timeoutMs !== undefined,
          allowanceMs,
          maxAttempts: 5,
          attemptMs: undefined,
          firstTokenMs: () => 20_000,
          configuredFirstTokenMs: () => 20_000,
          idleMs: 30_000,
          tokenIdleMs: 60_000,
          configuredTokenIdleMs: 60_000,
          ...limits,
        },
      },
    };
  };

  return {
    clock,
    fleet,
    runner,
    telemetry,
    keys,
    requests,
    recorded,
    drain: () => draining.abort(),
    plan,
    chat: (callOptions) => runner.chat(plan(callOptions).call),
    stream: async (callOptions) => {
      const events: StreamEvent[] = [];
      for await (const event of runner.chatStream(plan(callOptions).call)) events.push(event);
      return events;
    },
    close: async () => {
      fleet.close();
      await telemetry.close();
    },
  };
}

/** Moves the clock on until the promise settles; fails after an hour of it. */
export async function settle<T>(clock: ManualClock, promise: Promise<T>, stepMs = 50): Promise<T> {
  const state = { over: false };
  const watched = promise.finally(() => {
    state.over = true;
  });
  watched.catch(() => undefined);
  for (let passed = 0; !state.over; passed += stepMs) {
    if (passed > 3_600_000) throw new Error("it did not settle within an hour");
    await clock.advance(stepMs);
  }
  return watched;
}
