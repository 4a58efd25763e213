import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  GatewayService,
  type ChatStreamResponseSchema,
  type ChatRequest,
  type ChatStreamRequest,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import type { CallContext } from "../../src/rpc/call-context.ts";
import { callEnd } from "../../src/rpc/call-end.ts";
import type { CallPolicy } from "../../src/rpc/call-policy.ts";
import { type ConnectServerOptions, createConnectServer } from "../../src/rpc/connect-server.ts";
import { errorInfo } from "../../src/rpc/error-info.ts";
import { createGrpcServer } from "../../src/rpc/grpc-server.ts";
import { createHealthService } from "../../src/rpc/health-service.ts";
import { createReflectionServices } from "../../src/rpc/reflection-service.ts";
import { RpcError } from "../../src/rpc/rpc-error.ts";
import { defineService } from "../../src/rpc/rpc-service.ts";
import type { RpcServer } from "../../src/rpc/rpc-server.ts";
import { createServingState, type ServingState } from "../../src/rpc/serving-state.ts";
import { createMessageValidator } from "../../src/rpc/validate-message.ts";

/** What the handlers of the world saw and did, for tests to look at. */
export interface WorldRecord {
  readonly ended: string[];
  readonly spans: { method: string; protocol: string; code: string; authority: string | undefined }[];
  readonly contexts: CallContext[];
  readonly logged: string[];
  admitted: number;
  released: number;
  open: number;
}

/** Both listeners over one tiny GatewayService whose requests say in `labels.act` what it does. */
export interface RpcWorld {
  readonly connect: string;
  readonly grpc: string;
  readonly servers: { readonly connect: RpcServer; readonly grpc: RpcServer };
  readonly state: ServingState;
  readonly record: WorldRecord;
  readonly close: () => Promise<void>;
}

export interface WorldOptions {
  readonly unaryMs?: number;
  readonly streamMs?: number;
  readonly maxRequestBytes?: number;
  readonly maxInFlight?: number;
  readonly connect?: Partial<ConnectServerOptions>;
  readonly host?: string;
}

/** The trace id of every call. */
export const traceId = "0af7651916cd43dd8448eb211c80319c";

function unavailable(): RpcError {
  return new RpcError(
    "UNAVAILABLE",
    "nothing left to try: naïve 100% — 다시",
    [errorInfo("NO_DEPLOYMENT_AVAILABLE", { model: "openai/gpt-4.1", attempts: "2" })],
    { "grpc-retry-pushback-ms": "-1" },
  );
}

/** Starts it on two free ports. */
export async function startRpcWorld(options: WorldOptions = {}): Promise<RpcWorld> {
  const state = createServingState();
  const record: WorldRecord = {
    ended: [],
    spans: [],
    contexts: [],
    logged: [],
    admitted: 0,
    released: 0,
    open: 0,
  };
  const gateway = defineService(GatewayService, {
    chat: (request, context) => chat(request, context, record),
    chatStream: (request, context) => chatStream(request, context, record),
    listModels: async ({ provider }) => ({ models: [{ id: `${provider}/model`, provider }] }),
    health: async () => ({ version: "1.2.3" }),
  });
  const health = createHealthService(state, [GatewayService.typeName]);
  const services = [gateway, health, ...createReflectionServices([gateway, health])];
  const validator = createMessageValidator();
  validator.warm(services);
  const maxInFlight = options.maxInFlight ?? Number.POSITIVE_INFINITY;
  const policy: CallPolicy = {
    startSpan: ({ method, protocol, authority }) => startSpan(record, method, protocol, authority),
    admit: () => {
      if (record.admitted - record.released >= maxInFlight) {
        return {
          kind: "refused",
          error: new RpcError("UNAVAILABLE", "full", [errorInfo("GATEWAY_OVERLOADED")]),
        };
      }
      record.admitted++;
      return { kind: "admitted", release: () => void record.released++ };
    },
    unaryMs: options.unaryMs ?? 30_000,
    streamMs: options.streamMs ?? 60_000,
    validator,
    state,
    log: {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields, message) => void record.logged.push(`${message}: ${String(fields["err"])}`),
    },
  };
  const maxRequestBytes = options.maxRequestBytes ?? 1_048_576;
  const connect = createConnectServer({ services, policy, maxRequestBytes, ...options.connect });
  const grpc = createGrpcServer({
    services,
    policy,
    maxRequestBytes,
    keepaliveMs: 60_000,
    maxConnectionAgeMs: 600_000,
  });
  const address = { host: options.host ?? "127.0.0.1", port: 0 };
  const [connectAt, grpcAt] = await Promise.all([connect.listen(address), grpc.listen(address)]);
  state.advance("serving");
  return {
    connect: connectAt.address,
    grpc: grpcAt.address,
    servers: { connect, grpc },
    state,
    record,
    close: async () => void (await Promise.all([connect.close(), grpc.close()])),
  };
}

function startSpan(record: WorldRecord, method: string, protocol: string, authority: string | undefined) {
  let over = false;
  return {
    traceId,
    run: <T>(work: () => T): T => work(),
    end: (code: string) => {
      if (over) throw new Error("a span ended twice");
      over = true;
      record.spans.push({ method, protocol, code, authority });
    },
  };
}

async function chat(request: ChatRequest, context: CallContext, record: WorldRecord) {
  record.contexts.push(context);
  context.setResponseHeader("x-handler", "chat");
  switch (request.labels["act"]) {
    case "unavailable":
      throw unavailable();
    case "bug":
      throw new Error("secret detail of the bug");
    case "ignore-deadline":
      await sleep(5_000, undefined, { ref: false });
      break;
    case "last-word":
      await aborted(context.signal);
      throw new RpcError("DEADLINE_EXCEEDED", "my own words", [
        errorInfo("DEADLINE_EXCEEDED", { attempts: "3" }),
      ]);
    case "wait":
      await aborted(context.signal);
      record.ended.push(`${callEnd(context.signal)}`);
      throw context.signal.reason;
    case "slow":
      await sleep(Number(request.labels["ms"]));
      break;
    case "trailer":
      context.setResponseTrailer("x-late", "yes");
      break;
    default:
  }
  return {
    id: "cmpl-1",
    modelVersion: context.protocol,
    choices: [
      {
        message: { role: Role.ASSISTANT, parts: [{ part: { case: "text" as const, value: "안녕 world" } }] },
      },
    ],
  };
}

async function* chatStream(
  request: ChatStreamRequest,
  context: CallContext,
  record: WorldRecord,
): AsyncGenerator<MessageInitShape<typeof ChatStreamResponseSchema>> {
  record.contexts.push(context);
  const act = request.labels["act"];
  record.open++;
  try {
    if (act === "unavailable") throw unavailable();
    if (act === "bug") throw new Error("secret detail of the bug");
    yield { event: { case: "started", value: { id: "s-1" } } };
    const count = Number(request.labels["count"] ?? 3);
    const text = "x".repeat(Number(request.labels["size"] ?? 1));
    for (let index = 0; index < count; index++) {
      if (act === "slow") await sleep(Number(request.labels["ms"] ?? 20));
      if (act === "stuck") await sleep(5_000, undefined, { ref: false });
      yield { event: { case: "delta", value: { delta: { case: "text", value: `${text}${index}` } } } };
      if (act === "break") throw new RpcError("ABORTED", "broke", [errorInfo("UPSTREAM_STREAM_BROKEN")]);
      if (act === "wait") await aborted(context.signal).then(() => Promise.reject(context.signal.reason));
    }
    yield { event: { case: "finished", value: { modelVersion: "m" } } };
  } finally {
    record.open--;
    record.ended.push(`${callEnd(context.signal)}`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
