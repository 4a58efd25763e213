import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Role } from "../gen/switchyard/v1/content_pb.ts";
import { GatewayService } from "../gen/switchyard/v1/gateway_service_pb.ts";
import { StreamRestart } from "../gen/switchyard/v1/routing_pb.ts";

/** Callers that call, cancel and leave. */
export interface Load {
  /** Calls so far by how they ended. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Lets every caller finish the call it is in, and closes their connections. */
  readonly stop: () => Promise<void>;
}

const input = {
  messages: [{ role: Role.USER, parts: [{ part: { case: "text" as const, value: "Hello" } }] }],
};
const target = { target: { case: "model" as const, value: "acme/main" } };
const restarts = [StreamRestart.UNSPECIFIED, StreamRestart.ALLOWED, StreamRestart.BUFFER];

/** @param callers on each of the two listeners */
export function startLoad(
  addresses: { readonly connect: string; readonly grpc: string },
  callers: number,
  random: () => number,
): Load {
  const outcomes = new Map<string, number>();
  const state = { stopped: false };
  const sessions = [
    new Http2SessionManager(`http://${addresses.grpc}`),
    new Http2SessionManager(`http://${addresses.connect}`),
  ];
  const [grpc, connectH2] = sessions;
  const transports = [
    createGrpcTransport({
      baseUrl: `http://${addresses.grpc}`,
      ...(grpc === undefined ? {} : { sessionManager: grpc }),
    }),
    createConnectTransport({
      baseUrl: `http://${addresses.connect}`,
      httpVersion: "2",
      ...(connectH2 === undefined ? {} : { sessionManager: connectH2 }),
    }),
  ];

  const one = async (client: ReturnType<typeof createClient<typeof GatewayService>>): Promise<string> => {
    const abort = new AbortController();
    const leaves = random() < 0.3;
    if (leaves) setTimeout(() => abort.abort(), random() * 150).unref();
    const options = {
      signal: abort.signal,
      ...(random() < 0.2 ? { timeoutMs: 50 + Math.floor(random() * 300) } : {}),
    };
    try {
      if (random() < 0.4) {
        await client.chat({ target, input }, options);
        return "OK";
      }
      const streamRestart = restarts[Math.floor(random() * restarts.length)] ?? StreamRestart.UNSPECIFIED;
      const breaksAfter = random() < 0.1 ? 1 : Infinity;
      let events = 0;
      for await (const { event } of client.chatStream(
        { target, input, routing: { fallback: { streamRestart } } },
        options,
      )) {
        events += 1;
        if (event.case === "finished") return "OK";
        if (events >= breaksAfter) return "left";
      }
      return "TRUNCATED";
    } catch (error) {
      return Code[ConnectError.from(error).code] ?? "unknown";
    }
  };

  const caller = async (index: number): Promise<void> => {
    const transport = transports[index % transports.length];
    if (transport === undefined) return;
    const client = createClient(GatewayService, transport);
    while (!state.stopped) {
      const outcome = await one(client);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await sleep(random() * 20);
    }
  };
  const running = Array.from({ length: callers * transports.length }, (_, index) => caller(index));
  return {
    outcomes,
    stop: async () => {
      state.stopped = true;
      await Promise.all(running);
      for (const session of sessions) session.abort();
    },
  };
}
