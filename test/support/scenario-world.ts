import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { Role, type Usage } from "../../gen/switchyard/v1/content_pb.ts";
import {
  type ChatInputSchema,
  type DeploymentHealth,
  GatewayService,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  type RouteDecision,
  RouteDecisionSchema,
  RouteDetail,
  type RoutingOptionsSchema,
} from "../../gen/switchyard/v1/routing_pb.ts";
import { type Gateway, type GatewayTime, startGateway } from "../../src/gateway.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { freePorts } from "./free-ports.ts";
import { anyKey, configOf } from "./parsed-config.ts";
import type { StoredSpan, TraceBackend } from "./trace-backend.ts";

/** What a caller saw of one call. */
export interface Seen {
  /** gRPC's name; `OK` for success. */
  readonly code: string;
  readonly message: string;
  /** `ErrorInfo.reason`; empty for success. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds; undefined where no RetryInfo came. */
  readonly retryAfterMs: number | undefined;
  readonly pushback: string | null;
  /** Everything that was said, in order. */
  readonly text: string;
  /** The cases of a stream's events. */
  readonly events: readonly string[];
  readonly route: RouteDecision | undefined;
  readonly usage: Usage | undefined;
  readonly traceId: string;
  readonly error: ConnectError | undefined;
  readonly ms: number;
}

export interface SendOptions {
  readonly model?: string;
  readonly routing?: MessageInitShape<typeof RoutingOptionsSchema>;
  readonly input?: MessageInitShape<typeof ChatInputSchema>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly caller?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: string) => void | Promise<void>;
}

export type ListenerUnderTest = "grpc" | "connect";

/** A whole gateway in this process, on free ports, and clients of it. */
export interface ScenarioWorld {
  readonly gateway: Gateway;
  readonly client: Client<typeof GatewayService>;
  readonly operator: Client<typeof OperatorService>;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly chat: (options?: SendOptions) => Promise<Seen>;
  readonly chatStream: (options?: SendOptions) => Promise<Seen>;
  readonly health: (deployment: string) => Promise<DeploymentHealth>;
  /** Ends the gateway, its traces sent. */
  readonly close: () => Promise<void>;
}

/** Limits of time, in milliseconds; the rest of a config as scenarios want it. */
export function limitsOf({
  connectMs = 500,
  firstTokenMs = 500,
  idleMs = 500,
  tokenIdleMs = 800,
  unaryMs = 4_000,
  retry = "{ attempts: 5, baseMs: 100, capMs: 1000, jitter: none, budgetRatio: 0.1, budgetPerSecond: 1 }",
  graceMs = 1_000,
  ledger = "{ off: true }",
}: {
  readonly connectMs?: number;
  readonly firstTokenMs?: number;
  readonly idleMs?: number;
  readonly tokenIdleMs?: number;
  readonly unaryMs?: number;
  readonly retry?: string;
  readonly graceMs?: number;
  readonly ledger?: string;
} = {}): string {
  return `
timeouts:
  connectMs: ${connectMs}
  firstTokenMs: { simple: ${firstTokenMs}, standard: ${firstTokenMs}, advanced: ${firstTokenMs} }
  idleMs: ${idleMs}
  tokenIdleMs: ${tokenIdleMs}
  unaryMs: ${unaryMs}
  streamMs: 60000
retry: ${retry}
drain: { delayMs: 0, graceMs: ${graceMs} }
ledger: ${ledger}
simulator: { enabled: false }
`;
}

/** Limits that make a fault show within a second or so, and leave a busy machine room for everything else. */
export const quickLimits = limitsOf();

const longMs = 30_000;

/** No limit runs out within a test. */
export const patientLimits = limitsOf({
  connectMs: longMs,
  firstTokenMs: longMs,
  idleMs: longMs,
  tokenIdleMs: longMs,
  unaryMs: longMs,
});

/** A model at `main`, and another at `spare` that it falls back to whatever goes wrong. */
export function twoUpstreams(main: string, spare: string, more = quickLimits, mainKeys = ["main"]): string {
  const keys = mainKeys.map((id) => `{ id: ${id}, env: KEY_${id.toUpperCase()} }`).join(", ");
  return `
upstreams:
  main: { baseUrl: "${main}", keys: [${keys}] }
  spare: { baseUrl: "${spare}", keys: [{ id: spare, env: KEY_SPARE }] }
models:
  acme/main:
    upstreams: [main]
    contextWindowTokens: 1000
    price: { inputPerMTok: "1.00", outputPerMTok: "2.00" }
  acme/spare:
    upstreams: [spare]
    contextWindowTokens: 100000
    price: { inputPerMTok: "1.00", outputPerMTok: "2.00" }
tiers: { simple: [acme/main, acme/spare], standard: [acme/main, acme/spare], advanced: [acme/main, acme/spare] }
fallback: { rateLimited: [acme/spare], unavailable: [acme/spare], contextTooLong: [acme/spare] }
${more}`;
}

export async function startScenario(options: {
  readonly config: string;
  readonly listener: ListenerUnderTest;
  readonly keys?: Readonly<Record<string, string>>;
  /** What key files hold at the start, by their paths as the config writes them. */
  readonly files?: Readonly<Record<string, string>>;
  readonly backend?: TraceBackend;
  /** Where its files are; left out: where the tests run. */
  readonly cwd?: string;
  readonly time?: GatewayTime;
}): Promise<ScenarioWorld> {
  const { config, listener, backend, cwd, time } = options;
  const keyNames = [...config.matchAll(/env: (KEY_\w+)/g)].map(([, name = ""]) => name);
  const env = {
    ...Object.fromEntries(keyNames.map((name) => [name, `${anyKey}-${name}`])),
    ...options.keys,
    ...freePorts,
    ...(backend === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: backend.httpEndpoint }),
  };
  const log: Readonly<Record<string, unknown>>[] = [];
  const gateway = await startGateway({
    config: configOf(config, env, options.files),
    env,
    version: "test",
    ...(cwd === undefined ? {} : { cwd }),
    ...(time === undefined ? {} : { time }),
    log: createLog("info", { write: (line) => void log.push(JSON.parse(line)) }),
  });
  const transport =
    listener === "grpc"
      ? createGrpcTransport({
          baseUrl: `http://${gateway.addresses.grpc}`,
          // Node's client cannot take the answer to a request while more than 10 MB of it wait to be sent.
          nodeOptions: { maxSessionMemory: 64 },
        })
      : createConnectTransport({ baseUrl: `http://${gateway.addresses.connect}`, httpVersion: "1.1" });
  const client = createClient(GatewayService, transport);
  const operator = createClient(
    OperatorService,
    createConnectTransport({ baseUrl: `http://${gateway.addresses.operator}`, httpVersion: "1.1" }),
  );

  return {
    gateway,
    client,
    operator,
    log,
    chat: (sent = {}) =>
      send(sent, async (call, seen) => {
        const answer = await client.chat(requestOf(sent), call);
        seen.route = answer.route;
        seen.usage = answer.usage;
        for (const { part } of answer.choices[0]?.message?.parts ?? []) {
          if (part.case === "text") seen.text += part.value;
        }
      }),
    chatStream: (sent = {}) =>
      send(sent, async (call, seen) => {
        for await (const { event } of client.chatStream(requestOf(sent), call)) {
          seen.events.push(event.case ?? "none");
          if (event.case === "delta" && event.value.delta.case === "text")
            seen.text += event.value.delta.value;
          if (event.case === "restarted") seen.text = "";
          if (event.case === "started" || event.case === "finished") seen.route = event.value.route;
          if (event.case === "finished") seen.usage = event.value.usage;
          await sent.onEvent?.(event.case ?? "none");
        }
      }),
    health: async (deployment) => {
      const { deployments } = await client.health({});
      const found = deployments.find((entry) => entry.deployment === deployment);
      if (found === undefined) throw new Error(`no deployment ${deployment}`);
      return found;
    },
    close: () => gateway.close(),
  };
}

function requestOf({ model = "acme/main", routing, input, labels }: SendOptions) {
  return {
    target: { target: { case: "model" as const, value: model } },
    input: input ?? {
      messages: [{ role: Role.USER, parts: [{ part: { case: "text" as const, value: "Hello" } }] }],
    },
    routing: { ...routing, routeDetail: RouteDetail.FULL },
    labels: { ...labels },
  };
}

async function send(
  options: SendOptions,
  run: (
    call: {
      headers: Record<string, string>;
      timeoutMs?: number;
      signal?: AbortSignal;
      onHeader: (h: Headers) => void;
    },
    seen: Gathered,
  ) => Promise<void>,
): Promise<Seen> {
  const seen: Gathered = { text: "", events: [], route: undefined, usage: undefined, traceId: "" };
  const startedAt = performance.now();
  let error: ConnectError | undefined;
  try {
    await run(
      {
        headers: {
          ...options.headers,
          ...(options.caller === undefined ? {} : { "x-switchyard-caller": options.caller }),
        },
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onHeader: (headers) => {
          seen.traceId ||= headers.get("x-trace-id") ?? "";
        },
      },
      seen,
    );
  } catch (cause) {
    error = ConnectError.from(cause);
  }
  const info = error?.findDetails(ErrorInfoSchema)[0];
  const delay = error?.findDetails(RetryInfoSchema)[0]?.retryDelay;
  // An error brings the decision at its end; what a stream brought before it is the one at its start.
  const route = error?.findDetails(RouteDecisionSchema)[0] ?? seen.route;
  return {
    ...seen,
    code: error === undefined ? "OK" : codeName(error.code),
    message: error?.rawMessage ?? "",
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
    pushback: error?.metadata.get("grpc-retry-pushback-ms") ?? null,
    route,
    traceId: seen.traceId || route?.traceId || error?.metadata.get("x-trace-id") || "",
    error,
    ms: performance.now() - startedAt,
  };
}

interface Gathered {
  text: string;
  events: string[];
  route: RouteDecision | undefined;
  usage: Usage | undefined;
  traceId: string;
}

function codeName(code: Code): string {
  return code === Code.Canceled
    ? "CANCELLED"
    : (Code[code] ?? "").replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

/** The spans of the one call of this caller, as the backend shows them: the attempts in order. */
export async function tracedAttempts(
  backend: TraceBackend,
  caller: string,
): Promise<{
  readonly server: StoredSpan;
  readonly route: StoredSpan;
  readonly attempts: readonly StoredSpan[];
}> {
  const [spans = []] = await backend.query(`switchyard.caller.id = ${caller}`);
  const server = spans.find(({ kind }) => kind === "SERVER");
  const route = spans.find(({ name }) => name === "route");
  if (server === undefined || route === undefined) {
    throw new Error(`the backend has no whole trace of ${caller}: ${spans.map(({ name }) => name).join()}`);
  }
  const attempts = spans
    .filter(({ kind }) => kind === "CLIENT")
    .toSorted((a, b) => numberOf(a) - numberOf(b));
  return { server, route, attempts };
}

function numberOf({ attributes }: StoredSpan): number {
  return Number(attributes["switchyard.attempt.number"]);
}
