import { randomUUID } from "node:crypto";
import { type Context, context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  RPC_SYSTEM_NAME_VALUE_GRPC,
} from "@opentelemetry/semantic-conventions";
import { readAuthority } from "./authority.ts";
import { createCallSummary, withCallSummary } from "./call-summary.ts";
import { switchyard } from "./names.ts";
import { recordingOf } from "./recording.ts";
import { logRequest } from "./request-log.ts";
import type { SpanSource } from "./span-source.ts";
import { readTraceContext } from "./trace-context.ts";

/** What the span of a call is started from; a `CallContext` of `rpc` fits. */
export interface ServerCall {
  /** Of a method that is served, such as `switchyard.v1.GatewayService/Chat`: it becomes the span's name. */
  readonly method: string;
  readonly protocol: "grpc" | "grpc-web" | "connect";
  /** Host and port that the caller addressed. */
  readonly authority: string | undefined;
  readonly header: (name: string) => string | undefined;
  /** Who calls, where that is known already. */
  readonly caller?: string;
}

/** The span around one call, with everything below it. End it exactly once; later ends do nothing. */
export interface ServerSpan {
  /** 32 hex digits, valid even where nothing is exported: the `x-trace-id` of the answer. */
  readonly traceId: string;
  readonly context: Context;
  /** Runs inside its context; a stream's handler needs it around each `next()` and `return()`. */
  readonly run: <T>(work: () => T) => T;
  /** @param code gRPC's name of the status, or `OK` */
  readonly end: (code: string) => void;
}

// RPC conventions: the codes that are the server's own fault. The others leave the status unset, so that a
// caller's mistake or cancellation burns no error budget.
const serverFaults: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

// Probes of a platform and of tools: many, and of no interest afterwards.
const unobserved = /^grpc\.(?:health|reflection)\./;

/**
 * Starts the SERVER span of a call as a child of the caller's trace context. Its end records the metric and
 * writes the `request` line. Health checks and reflection get one that does nothing of that.
 */
export function startServerSpan(source: SpanSource, call: ServerCall): ServerSpan {
  const parent = readTraceContext(call.header);
  if (unobserved.test(call.method)) return unobservedSpan(parent);

  const system = call.protocol === "connect" ? "connectrpc" : RPC_SYSTEM_NAME_VALUE_GRPC;
  const span = source.tracer.startSpan(call.method, { kind: SpanKind.SERVER }, parent);
  const recording = recordingOf(span);
  recording?.say(ATTR_RPC_SYSTEM_NAME, system);
  recording?.say(ATTR_RPC_METHOD, call.method);
  const server = recording && readAuthority(call.authority);
  recording?.say(ATTR_SERVER_ADDRESS, server?.host);
  recording?.say(ATTR_SERVER_PORT, server?.port);
  const summary = createCallSummary(span, source.now());
  summary.say(switchyard.callerId, call.caller);
  const inside = withCallSummary(trace.setSpan(parent, span), summary);
  let ended = false;
  return {
    traceId: span.spanContext().traceId,
    context: inside,
    run: (work) => context.with(inside, work),
    end: (code) => {
      if (ended) return;
      ended = true;
      const durationMs = source.now() - summary.startedAt;
      const status = statusOf(code, call.protocol);
      const errorType = serverFaults.has(code) ? status : undefined;
      recording?.say(ATTR_RPC_STATUS_CODE, status);
      if (errorType !== undefined) {
        recording?.say(ATTR_ERROR_TYPE, errorType);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
      const { rpcServerCallDuration } = source.instruments;
      rpcServerCallDuration.record(durationMs / 1000, system, call.method, status, errorType);
      logRequest(source.log, call, { code, durationMs }, summary, span.spanContext());
    },
  };
}

// gRPC spells a status UNAVAILABLE and has one for success; Connect spells it unavailable and has none.
function statusOf(code: string, protocol: ServerCall["protocol"]): string | undefined {
  if (protocol !== "connect") return code;
  return code === "OK" ? undefined : connectCode(code);
}

function connectCode(code: string): string {
  return code === "CANCELLED" ? "canceled" : code.toLowerCase();
}

function unobservedSpan(parent: Context): ServerSpan {
  return {
    traceId: trace.getSpanContext(parent)?.traceId ?? randomUUID().replaceAll("-", ""),
    context: parent,
    run: (work) => context.with(parent, work),
    end: () => {},
  };
}
