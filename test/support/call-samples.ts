import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { Role, UsageSchema, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { type RouteDecision, RouteDecisionSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CallRunner } from "../../src/attempt/call-runner.ts";
import type { Served, StreamEvent } from "../../src/attempt/call-outcome.ts";
import type { PlannedCall } from "../../src/attempt/planned-call.ts";
import type { AttemptEntry, SkipEntry } from "../../src/attempt/trail.ts";
import type { CallContext } from "../../src/rpc/call-context.ts";

/** A valid chat of one user's words. */
export const chatInput: Exclude<MessageInitShape<typeof ChatInputSchema>, Message> = {
  messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: "What is a switchyard?" } }] }],
};

/** A call over gRPC from nobody in particular, with a minute left. */
export function callContext(fields: Partial<CallContext> = {}): CallContext {
  return {
    method: "switchyard.v1.GatewayService/Chat",
    protocol: "grpc",
    header: () => undefined,
    setResponseHeader: () => {},
    setResponseTrailer: () => {},
    signal: new AbortController().signal,
    deadline: 61_000,
    deadlineFromCaller: false,
    caller: "team-a",
    ...fields,
  };
}

/** 30 tokens in, 7 out, as the upstream says. */
const usage = create(UsageSchema, {
  inputTokens: 30,
  cachedInputTokens: 10,
  outputTokens: 7,
  reasoningOutputTokens: 2,
  source: UsageSource.UPSTREAM,
});

/** One that succeeded at once. */
export function attemptEntry(fields: Partial<AttemptEntry> = {}): AttemptEntry {
  return {
    kind: "attempt",
    number: 1,
    deployment: "acme/a@one",
    model: "acme/a",
    upstream: "one",
    reason: "primary",
    outcome: "succeeded",
    failure: undefined,
    breakerState: "closed",
    keyId: "primary",
    startedAt: 1_700_000_000_000,
    backoffMs: 0,
    latencyMs: 250,
    firstTokenMs: undefined,
    usage,
    cost: { nanos: 1234n, unpriced: false, estimated: false },
    ...fields,
  };
}

export function skipEntry(fields: Partial<SkipEntry> = {}): SkipEntry {
  return { kind: "skip", deployment: "acme/a@one", skip: "breaker-open", breakerState: "open", ...fields };
}

/** What the attempt of {@link attemptEntry} gave. */
export function served(fields: Partial<AttemptEntry> = {}): Served {
  const attempt = attemptEntry(fields);
  return {
    usage,
    cost: attempt.cost ?? { nanos: 0n, unpriced: true, estimated: false },
    attempt,
    reason: attempt.reason,
  };
}

/** A decision without attempts. */
export function routeDecisionOf(
  fields: Exclude<MessageInitShape<typeof RouteDecisionSchema>, Message> = {},
): RouteDecision {
  return create(RouteDecisionSchema, {
    decisionId: "PROD_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    configRevision: "0123456789ab",
    model: "acme/a",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    attemptCount: 0,
    attempts: [],
    ...fields,
  });
}

/** A runner that does what a test says; what it is given is kept. */
export interface ScriptedRunner extends CallRunner {
  readonly calls: PlannedCall[];
}

export function scriptedRunner(script: {
  readonly chat?: CallRunner["chat"];
  readonly chatStream?: (call: PlannedCall) => AsyncIterable<StreamEvent>;
}): ScriptedRunner {
  const calls: PlannedCall[] = [];
  return {
    calls,
    chat: (call) => {
      calls.push(call);
      return script.chat === undefined
        ? Promise.reject(new Error("no chat in the script"))
        : script.chat(call);
    },
    chatStream: (call) => {
      calls.push(call);
      if (script.chatStream === undefined) throw new Error("no stream in the script");
      return script.chatStream(call);
    },
  };
}
