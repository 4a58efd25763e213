import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { FinishReason } from "../../gen/switchyard/v1/content_pb.ts";
import {
  ChatRequestSchema,
  type ChatResponse,
  ChatStreamRequestSchema,
  type ChatStreamResponse,
  ChoiceDeltaSchema,
  ChoiceEndSchema,
  ChoiceSchema,
  GatewayService,
  type HealthResponse,
  type ListModelsResponse,
  ListModelsRequestSchema,
  HealthRequestSchema,
  ServingStatus,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  type RouteDecision,
  RouteDecisionSchema,
  RouteDetail,
  RouteReason,
  StreamRestart,
  Tier,
} from "../../gen/switchyard/v1/routing_pb.ts";
import type { StreamEvent } from "../../src/attempt/call-outcome.ts";
import type { PlannedCall } from "../../src/attempt/planned-call.ts";
import type { CallFailure } from "../../src/routing/call-failure.ts";
import { createBudgetBook } from "../../src/admission/budget-book.ts";
import type { CallContext } from "../../src/rpc/call-context.ts";
import type { EndedDecision } from "../../src/rpc/decision-feed.ts";
import { createGatewayService } from "../../src/rpc/gateway-service.ts";
import { RpcError } from "../../src/rpc/rpc-error.ts";
import { createServingState } from "../../src/rpc/serving-state.ts";
import { countInputTokens } from "../../src/upstream/estimate-tokens.ts";
import {
  attemptEntry,
  callContext,
  chatInput,
  scriptedRunner,
  served,
  type ScriptedRunner,
} from "../support/call-samples.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { configOf } from "../support/parsed-config.ts";
import { recordTelemetry } from "../support/recorded-telemetry.ts";
import { detailOf, errorOf } from "../support/rpc-error-details.ts";
import { sampleCatalog, sampleFailure, sampleModel } from "../support/routing-samples.ts";

const telemetry = recordTelemetry();
afterAll(() => telemetry.close());

const catalog = sampleCatalog(
  [sampleModel("acme/a", ["one", "two"]), sampleModel("acme/b", ["one"], { capabilities: new Set() })],
  { tiers: { standard: ["acme/a"] } },
);
const config = configOf("");
const epoch = 1_700_000_000_000;

type ChatInit = Exclude<MessageInitShape<typeof ChatRequestSchema>, { $typeName: string }>;

interface World {
  readonly clock: ReturnType<typeof createManualClock>;
  readonly runner: ScriptedRunner;
  readonly decisions: EndedDecision[];
  readonly state: ReturnType<typeof createServingState>;
  readonly chat: (request?: ChatInit, context?: Partial<CallContext>) => Promise<ChatResponse>;
  readonly stream: (
    request?: ChatInit,
    context?: Partial<CallContext>,
  ) => AsyncIterator<ChatStreamResponse, void>;
  readonly read: (request?: ChatInit) => Promise<ChatStreamResponse[]>;
  readonly listModels: (provider: string) => Promise<ListModelsResponse>;
  readonly health: () => Promise<HealthResponse>;
}

function world(script: Parameters<typeof scriptedRunner>[0] = {}): World {
  const clock = createManualClock();
  const runner = scriptedRunner(script);
  const decisions: EndedDecision[] = [];
  const state = createServingState();
  let calls = 0;
  const service = createGatewayService({
    catalog,
    planning: () => catalog,
    config,
    runner,
    fleet: { snapshot: () => [] },
    spans: telemetry.source,
    decisions: { publish: (ended) => decisions.push(ended) },
    budgets: createBudgetBook({ budgets: [], now: () => epoch + clock.now(), onWarning: () => {} }),
    state,
    newCallId: () => `CALL${++calls}`,
    clock: { now: clock.now, wallClock: () => epoch + clock.now() },
    setTimer: clock.setTimer,
    version: "1.2.3",
    inFlightElsewhere: () => Promise.resolve(new Map()),
    startedAt: epoch,
  });
  const invoke = (
    name: keyof typeof GatewayService.method,
    request: unknown,
    context?: Partial<CallContext>,
  ) =>
    service.methods
      .find(({ desc }) => desc.localName === name)!
      // Each method is asked with its own request, made right below.
      .invoke(request as never, callContext(context)) as unknown;
  const stream: World["stream"] = (request, context) =>
    (
      invoke(
        "chatStream",
        create(ChatStreamRequestSchema, { input: chatInput, ...request } as never),
        context,
      ) as AsyncIterable<ChatStreamResponse>
    )[Symbol.asyncIterator]() as AsyncIterator<ChatStreamResponse, void>;
  return {
    clock,
    runner,
    decisions,
    state,
    chat: (request, context) =>
      invoke(
        "chat",
        create(ChatRequestSchema, { input: chatInput, ...request }),
        context,
      ) as Promise<ChatResponse>,
    stream,
    read: async (request) => {
      const messages: ChatStreamResponse[] = [];
      const iterator = stream(request);
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return messages;
        messages.push(next.value);
      }
    },
    listModels: (provider) =>
      invoke("listModels", create(ListModelsRequestSchema, { provider })) as Promise<ListModelsResponse>,
    health: () => invoke("health", create(HealthRequestSchema)) as Promise<HealthResponse>,
  };
}

const text = create(ChoiceSchema, {
  message: { parts: [{ part: { case: "text", value: "A yard." } }] },
  finishReason: FinishReason.STOP,
});
const completion = {
  id: "chatcmpl-1",
  createdSeconds: 1_600_000_000,
  modelVersion: "a-2026",
  choices: [text],
  usage: undefined,
};

function answer(call: PlannedCall) {
  const failed = attemptEntry({
    deployment: "acme/a@one",
    outcome: "failed",
    failure: sampleFailure("overloaded"),
    cost: { nanos: 5n, unpriced: false, estimated: true },
  });
  call.trail.add(failed);
  const outcome = served({ number: 2, deployment: "acme/a@two", reason: "fallback" });
  call.trail.add(outcome.attempt);
  return Promise.resolve({ kind: "answered", completion, served: outcome } as const);
}

const unavailable: CallFailure = {
  kind: "overloaded",
  failure: sampleFailure("overloaded"),
  retryAfterMs: 1_000,
  contentSent: false,
  retriesSpent: true,
};

const byModel = (value: string): ChatInit => ({ target: { target: { case: "model", value } } });

describe("Chat", () => {
  it("answers with the completion, its usage, the serving attempt's cost and the decision", async () => {
    const { chat, runner } = world({ chat: answer });
    const response = await chat({ labels: { app: "x" } });
    expect(response).toMatchObject({
      id: "chatcmpl-1",
      modelVersion: "a-2026",
      choices: [{ finishReason: FinishReason.STOP }],
      usage: { inputTokens: 30, outputTokens: 7 },
      cost: { nanosUsd: 1234n },
      route: {
        decisionId: "PROD_CALL1",
        configRevision: catalog.revision,
        tier: Tier.STANDARD,
        model: "acme/a",
        deployment: "acme/a@two",
        reason: RouteReason.FALLBACK,
        attemptCount: 2,
        attempts: [],
        totalCost: { nanosUsd: 1239n, estimated: true },
      },
    });
    expect(timestampMs(response.createTime!)).toBe(1_600_000_000_000);
    expect(response.route?.traceId).toMatch(/^[0-9a-f]{32}$/);
    const [call] = runner.calls;
    expect(call?.plan.candidates.map(({ deployment }) => deployment.id)).toEqual([
      "acme/a@one",
      "acme/a@two",
    ]);
    expect(call).toMatchObject({
      inputTokens: countInputTokens(call!.input).estimate,
      restart: "before-content",
      account: { caller: "team-a", labels: { app: "x" } },
      limits: { deadline: 61_000, allowanceMs: 60_000 },
    });
  });

  it("dates the answer itself where the upstream does not", async () => {
    const { chat } = world({
      chat: async (call) => ({
        ...(await answer(call)),
        completion: { ...completion, createdSeconds: undefined },
      }),
    });
    expect(timestampMs((await chat()).createTime!)).toBe(epoch + 1_000);
  });

  it("tells of the decision what the caller asked for", async () => {
    const { chat } = world({ chat: answer });
    const detail = async (routeDetail: RouteDetail) => (await chat({ routing: { routeDetail } })).route;
    expect(await detail(RouteDetail.NONE)).toBeUndefined();
    expect((await detail(RouteDetail.SUMMARY))?.attempts).toEqual([]);
    expect((await detail(RouteDetail.FULL))?.attempts.map(({ number }) => number)).toEqual([1, 2]);
  });

  it("fails with the decision in the error, and remembers both", async () => {
    const { chat, decisions } = world({
      chat: (call) => {
        call.trail.add(attemptEntry({ outcome: "failed", failure: sampleFailure("overloaded") }));
        return Promise.resolve({ kind: "failed", failure: unavailable });
      },
    });
    const error = await errorOf(chat());
    expect(error.code).toBe("UNAVAILABLE");
    expect(detailOf(error, ErrorInfoSchema)?.metadata).toEqual({ model: "acme/a", attempts: "1" });
    expect(detailOf(error, RouteDecisionSchema)).toMatchObject({
      decisionId: "PROD_CALL1",
      attempts: [{ number: 1 }],
    });
    expect(decisions).toEqual([expect.objectContaining({ status: "UNAVAILABLE", endedAt: epoch + 1_000 })]);
  });

  it("remembers the whole decision of an answer, whatever its caller was told", async () => {
    const { chat, decisions } = world({ chat: answer });
    await chat({ routing: { routeDetail: RouteDetail.NONE } });
    expect(decisions).toHaveLength(1);
    expect(decisions[0]).toMatchObject({
      status: "OK",
      decision: { attempts: [{ number: 1 }, { number: 2 }] },
    });
  });

  it("calls nobody for a chat that makes no sense", async () => {
    const { chat, runner } = world();
    const error = await errorOf(chat({ input: { ...chatInput, toolChoice: { mode: 3 } as never } }));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect((await errorOf(chat({ routing: { requiredCapabilities: ["magic"] } }))).message).toContain(
      "routing.required_capabilities[0]: must be one of tools",
    );
    expect(runner.calls).toEqual([]);
  });

  it("ends the route of a call without a plan as rejected, and remembers the decision", async () => {
    const { chat, decisions } = world();
    const error = await errorOf(chat(byModel("acme/zzz")));
    expect(error.code).toBe("NOT_FOUND");
    expect(decisions).toEqual([
      expect.objectContaining({
        status: "NOT_FOUND",
        decision: expect.objectContaining({ model: "acme/zzz", attemptCount: 0 }),
      }),
    ]);
    const route = telemetry.spans().findLast(({ name }) => name === "route");
    expect(route?.attributes["switchyard.route.outcome"]).toBe("rejected");
  });

  it("tells which candidates are ruled out where all are", async () => {
    const { chat } = world();
    const error = await errorOf(
      chat({ ...byModel("acme/b"), routing: { requiredCapabilities: ["vision"] } }),
    );
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(detailOf(error, RouteDecisionSchema)?.attempts).toMatchObject([{ deployment: "acme/b@one" }]);
  });

  it("tells a run why its signal aborted", async () => {
    const controller = new AbortController();
    let ending: unknown;
    const { chat } = world({
      chat: (call) => {
        controller.abort(new RpcError("DEADLINE_EXCEEDED", "late"));
        ending = call.ending();
        return answer(call);
      },
    });
    await chat({}, { signal: controller.signal });
    expect(ending).toBe("deadline-exceeded");
  });

  it("lets a bug through as a bug", async () => {
    const { chat } = world({ chat: () => Promise.reject(new TypeError("bug")) });
    await expect(chat()).rejects.toThrow(TypeError);
  });
});

const delta = (value: string) => create(ChoiceDeltaSchema, { delta: { case: "text", value } });
const serving = { number: 1, deployment: "acme/a@one", model: "acme/a", reason: "primary" } as const;
const start = { id: "chatcmpl-2", createdSeconds: undefined, modelVersion: "a-2026" };
const ends = [create(ChoiceEndSchema, { finishReason: FinishReason.STOP })];

function finished(call: PlannedCall, entry = attemptEntry()): StreamEvent {
  call.trail.add(entry);
  return { kind: "finished", ends, modelVersion: "a-2026", served: { ...served(), attempt: entry } };
}

async function* plain(call: PlannedCall): AsyncGenerator<StreamEvent> {
  yield { kind: "started", start, serving };
  yield { kind: "deltas", deltas: [delta("A "), delta("yard.")] };
  yield finished(call);
}

const cases = (messages: readonly ChatStreamResponse[]) => messages.map(({ event }) => event.case);

describe("ChatStream", () => {
  it("says who serves, then what came in one read in one message, then that it is whole", async () => {
    const { read } = world({ chatStream: plain });
    const messages = await read({ routing: { routeDetail: RouteDetail.FULL } });
    expect(cases(messages)).toEqual(["started", "delta", "finished"]);
    const [started, content, last] = messages.map(({ event }) => event.value);
    expect(started).toMatchObject({
      id: "chatcmpl-2",
      route: {
        decisionId: "PROD_CALL1",
        deployment: "acme/a@one",
        reason: RouteReason.PRIMARY,
        attemptCount: 1,
        attempts: [],
      },
    });
    expect(content).toMatchObject({ delta: { value: "A yard." } });
    expect(last).toMatchObject({
      choices: [{ finishReason: FinishReason.STOP }],
      usage: { outputTokens: 7 },
      cost: { nanosUsd: 1234n },
      modelVersion: "a-2026",
      route: { attemptCount: 1, attempts: [{ number: 1 }] },
    });
  });

  it("announces a restart with the attempt that failed", async () => {
    const broken = attemptEntry({ outcome: "failed", failure: sampleFailure("stream-broken") });
    const { read } = world({
      chatStream: async function* (call) {
        yield { kind: "started", start, serving };
        yield { kind: "deltas", deltas: [delta("A ")] };
        call.trail.add(broken);
        yield { kind: "restarted", failed: broken, deployment: "acme/a@two" };
        yield { kind: "deltas", deltas: [delta("A yard.")] };
        yield finished(call, attemptEntry({ number: 2, deployment: "acme/a@two", reason: "restart" }));
      },
    });
    const messages = await read({ routing: { fallback: { streamRestart: StreamRestart.ALLOWED } } });
    expect(cases(messages)).toEqual(["started", "delta", "restarted", "delta", "finished"]);
    expect(messages[2]?.event.value).toMatchObject({
      deployment: "acme/a@two",
      failedAttempt: { number: 1, error: { message: "scripted: stream-broken" } },
    });
  });

  it("hands the caller's wish about restarts to the run", async () => {
    const { read, runner } = world({ chatStream: plain });
    const { UNSPECIFIED, BEFORE_CONTENT, ALLOWED, BUFFER } = StreamRestart;
    for (const streamRestart of [UNSPECIFIED, BEFORE_CONTENT, ALLOWED, BUFFER]) {
      await read({ routing: { fallback: { streamRestart } } });
    }
    expect(runner.calls.map(({ restart }) => restart)).toEqual([
      "before-content",
      "before-content",
      "allowed",
      "buffer",
    ]);
  });

  it("ends with a status and no finished where the run fails", async () => {
    const { stream, decisions } = world({
      chatStream: async function* () {
        yield { kind: "started", start, serving };
        yield { kind: "deltas", deltas: [delta("A ")] };
        yield {
          kind: "failed",
          failure: {
            ...unavailable,
            kind: "stream-broken",
            failure: sampleFailure("stream-broken"),
            contentSent: true,
          },
        };
      },
    });
    const iterator = stream();
    await iterator.next();
    await iterator.next();
    const error = await errorOf(iterator.next());
    expect(error.code).toBe("ABORTED");
    expect(detailOf(error, ErrorInfoSchema)?.metadata["content_sent"]).toBe("true");
    expect(decisions.map(({ status }) => status)).toEqual(["ABORTED"]);
  });

  it("sends a heartbeat every 15 s of silence, before the start and between deltas", async () => {
    const { stream, clock } = world({
      chatStream: async function* (call) {
        await clock.sleep(31_000);
        yield { kind: "started", start, serving };
        await clock.sleep(16_000);
        yield { kind: "deltas", deltas: [delta("A ")] };
        yield finished(call);
      },
    });
    const iterator = stream();
    const seen: string[] = [];
    const reading = (async () => {
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        seen.push(`${next.value.event.case} ${clock.now() - 1_000}`);
      }
    })();
    await Promise.all([clock.advance(60_000), reading]);
    expect(seen).toEqual([
      "heartbeat 15000",
      "heartbeat 30000",
      "started 31000",
      "heartbeat 46000",
      "delta 47000",
      "finished 47000",
    ]);
    expect(clock.pendingTimers()).toBe(0);
  });

  it("ends the run when its caller leaves, and remembers the call as cancelled", async () => {
    let left = false;
    const { stream, decisions } = world({
      chatStream: async function* (call) {
        try {
          yield { kind: "started", start, serving };
          yield { kind: "deltas", deltas: [delta("A ")] };
        } finally {
          left = true;
          call.trail.add(attemptEntry({ outcome: "cancelled", failure: sampleFailure("cancelled") }));
        }
      },
    });
    const iterator = stream();
    await iterator.next();
    await iterator.return?.();
    expect(left).toBe(true);
    expect(decisions).toEqual([
      expect.objectContaining({
        status: "CANCELLED",
        decision: expect.objectContaining({ attemptCount: 1 }),
      }),
    ]);
  });

  it("remembers one end of each call, however it was left afterwards", async () => {
    const { read, decisions } = world({ chatStream: plain });
    await read();
    expect(decisions.map(({ status }) => status)).toEqual(["OK"]);
  });
});

describe("ListModels and Health", () => {
  let current: World;
  beforeEach(() => (current = world()));

  it("lists the configured models", async () => {
    const { models } = await current.listModels("");
    expect(models.map(({ id }) => id)).toEqual(["acme/a", "acme/b"]);
    expect((await errorOf(current.listModels("zzz"))).code).toBe("NOT_FOUND");
  });

  it("tells version, revision, start and status", async () => {
    current.state.advance("serving");
    const health = await current.health();
    expect(health).toMatchObject({
      // Nobody serves either model in this world.
      status: ServingStatus.DEGRADED,
      version: "1.2.3",
      configRevision: catalog.revision,
    });
    expect(timestampMs(health.startTime!)).toBe(epoch);
    current.state.advance("leaving");
    expect((await current.health()).status).toBe(ServingStatus.DRAINING);
  });
});

it("gives a decision to nobody twice", async () => {
  const { chat, decisions } = world({ chat: answer });
  const answers = await Promise.all([chat(), chat()]);
  const ids = answers.map(({ route }) => (route as RouteDecision).decisionId);
  expect(new Set(ids).size).toBe(2);
  expect(decisions).toHaveLength(2);
});
