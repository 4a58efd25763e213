import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { type ChatResponse, GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { expect } from "vitest";
import { type GatewayProcess, type ProcessOptions, startGatewayProcess } from "./gateway-process.ts";
import { anyKey } from "./parsed-config.ts";

/** A connection to a gateway with workers, and so to one of them. */
interface Connection<Service extends typeof GatewayService | typeof OperatorService> {
  /** Of the worker, from 1. */
  readonly worker: number;
  readonly pid: number;
  readonly client: Client<Service>;
  readonly close: () => void;
}

/** A caller of one worker. */
export interface WorkerClient extends Connection<typeof GatewayService> {
  readonly chat: (options?: ChatOptions) => Promise<ChatSeen>;
}

export interface ChatOptions {
  readonly caller?: string;
  readonly signal?: AbortSignal;
  readonly affinityKey?: string;
}

export interface ChatSeen {
  readonly answer: ChatResponse | undefined;
  readonly error: ConnectError | undefined;
}

/** A gateway of several processes. */
export interface WorkerGateway extends AsyncDisposable {
  readonly process: GatewayProcess;
  /** A new connection to some worker. */
  readonly connect: () => Promise<WorkerClient>;
  /** A caller of each worker, in the order of their numbers. */
  readonly callers: (workers?: number) => Promise<readonly WorkerClient[]>;
  /** An operator at each worker, in the order of their numbers. */
  readonly operators: (workers?: number) => Promise<readonly Connection<typeof OperatorService>[]>;
}

export const hello = {
  messages: [{ role: Role.USER, parts: [{ part: { case: "text" as const, value: "x" } }] }],
};

/** A config with one model at one upstream. */
export function oneUpstream(baseUrl: string, keys: readonly string[], more: string): string {
  const listed = keys.map((id) => `{ id: ${id}, env: KEY_${id.toUpperCase()} }`).join(", ");
  return `
upstreams: { main: { baseUrl: "${baseUrl}", keys: [${listed}] } }
models: { acme/main: { upstreams: [main], price: { inputPerMTok: "1.00", outputPerMTok: "2.00" } } }
tiers: { simple: [acme/main], standard: [acme/main], advanced: [acme/main] }
simulator: { enabled: false }
drain: { delayMs: 0, graceMs: 5000 }
${more}`;
}

/** Starts it with the keys that the config names. */
export async function startWorkerGateway(
  options: ProcessOptions & { config: string },
): Promise<WorkerGateway> {
  const names = [...options.config.matchAll(/env: (KEY_\w+)/g)].map(([, name = ""]) => name);
  const keys = Object.fromEntries(names.map((name) => [name, `${anyKey}-${name}`]));
  const process = await startGatewayProcess({ ...options, env: { ...keys, ...options.env } });
  const open: (() => void)[] = [];
  let asked = 0;

  /** Makes a call, and finds its line in the log. */
  const servedBy = async (
    call: (headers: Record<string, string>) => Promise<unknown>,
  ): Promise<{ readonly worker: number; readonly pid: number }> => {
    const caller = `who-serves-${(asked += 1)}`;
    await call({ "x-switchyard-caller": caller });
    const line = (): Readonly<Record<string, unknown>> | undefined =>
      process.log.find((entry) => entry["switchyard.caller.id"] === caller);
    await expect.poll(line, { timeout: 10_000 }).toBeDefined();
    return { worker: Number(line()?.["worker"]), pid: Number(line()?.["pid"]) };
  };

  const connect = async (): Promise<WorkerClient> => {
    const { client, close } = connectTo(process.addresses.grpc, GatewayService);
    open.push(close);
    const by = await servedBy((headers) => client.listModels({}, { headers }));
    return { ...by, client, close, chat: (options) => chatOver(client, options) };
  };

  const connectOperator = async (): Promise<Connection<typeof OperatorService>> => {
    const { client, close } = connectTo(process.addresses.operator, OperatorService);
    open.push(close);
    return { ...(await servedBy((headers) => client.getCanary({}, { headers }))), client, close };
  };

  return {
    process,
    connect,
    callers: (workers = 2) => oneOfEach(workers, connect),
    operators: (workers = 2) => oneOfEach(workers, connectOperator),
    [Symbol.asyncDispose]: async () => {
      for (const close of open) close();
      await process[Symbol.asyncDispose]();
    },
  };
}

async function chatOver(
  client: Client<typeof GatewayService>,
  { caller, signal, affinityKey }: ChatOptions = {},
): Promise<ChatSeen> {
  try {
    const answer = await client.chat(
      {
        target: { target: { case: "model", value: "acme/main" } },
        input: hello,
        ...(affinityKey === undefined ? {} : { routing: { affinityKey } }),
      },
      {
        ...(caller === undefined ? {} : { headers: { "x-switchyard-caller": caller } }),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    return { answer, error: undefined };
  } catch (error) {
    return { answer: undefined, error: ConnectError.from(error) };
  }
}

/** Connects until it has met as many workers. */
async function oneOfEach<Made extends { readonly worker: number; readonly close: () => void }>(
  workers: number,
  connect: () => Promise<Made>,
): Promise<readonly Made[]> {
  const found = new Map<number, Made>();
  // Closed only at the end: the next one goes to the worker that has the fewest.
  const more: Made[] = [];
  while (found.size < workers) {
    const made = await connect();
    if (found.has(made.worker)) more.push(made);
    else found.set(made.worker, made);
  }
  for (const { close } of more) close();
  return [...found.values()].toSorted((a, b) => a.worker - b.worker);
}

function connectTo<Service extends typeof GatewayService | typeof OperatorService>(
  address: string,
  service: Service,
): { readonly client: Client<Service>; readonly close: () => void } {
  const baseUrl = `http://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const client = createClient(service, createGrpcTransport({ baseUrl, sessionManager }));
  return { client, close: () => sessionManager.abort() };
}
