import { randomUUID } from "node:crypto";
import { type Context, context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
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
import { type CallSummary, createCallSummary, withCallSummary } from "./call-summary.ts";
import { switchyard } from "./names.ts";
import { type Recording, recordingOf } from "./recording.ts";
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
  run<T>(work: () => T): T;
  /** @param code gRPC's name of the status, or `OK` */
  end(code: string): void;
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
  return unobserved.test(call.method) ? unobservedSpan(parent) : new StartedCall(source, call, parent);
}

class StartedCall implements ServerSpan {
  readonly traceId: string;
  readonly context: Context;
  readonly #source: SpanSource;
  readonly #method: string;
  readonly #protocol: ServerCall["protocol"];
  readonly #span: Span;
  readonly #recording: Recording | undefined;
  readonly #summary: CallSummary;
  #ended = false;

  constructor(source: SpanSource, call: ServerCall, parent: Context) {
    // Not the call itself: a stream's span would keep its headers.
    const { method, protocol } = call;
    this.#source = source;
    this.#method = method;
    this.#protocol = protocol;
    this.#span = source.tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
    this.traceId = this.#span.spanContext().traceId;
    this.#recording = recordingOf(this.#span);
    if (this.#recording !== undefined) sayCalled(this.#recording, call);
    this.#summary = createCallSummary(this.#recording, source.now());
    this.#summary.say(switchyard.callerId, call.caller);
    this.context = withCallSummary(trace.setSpan(parent, this.#span), this.#summary);
  }

  run<T>(work: () => T): T {
    return context.with(this.context, work);
  }

  end(code: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const protocol = this.#protocol;
    const method = this.#method;
    const { instruments, log, now } = this.#source;
    const durationMs = now() - this.#summary.startedAt;
    const status = statusOf(code, protocol);
    const errorType = serverFaults.has(code) ? status : undefined;
    this.#recording?.say(ATTR_RPC_STATUS_CODE, status);
    if (errorType !== undefined) {
      this.#recording?.say(ATTR_ERROR_TYPE, errorType);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
    instruments.rpcServerCallDuration.record(
      durationMs / 1000,
      systemOf(protocol),
      method,
      status,
      errorType,
    );
    logRequest(log, { method, protocol }, { code, durationMs }, this.#summary, this.#span.spanContext());
  }
}

function sayCalled(span: Recording, call: ServerCall): void {
  span.say(ATTR_RPC_SYSTEM_NAME, systemOf(call.protocol));
  span.say(ATTR_RPC_METHOD, call.method);
  const server = readAuthority(call.authority);
  span.say(ATTR_SERVER_ADDRESS, server?.host);
  span.say(ATTR_SERVER_PORT, server?.port);
}

function systemOf(protocol: ServerCall["protocol"]): string {
  return protocol === "connect" ? "connectrpc" : RPC_SYSTEM_NAME_VALUE_GRPC;
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
