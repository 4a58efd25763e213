import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CallOutcome, interopClients, type RpcClient, userMessage } from "../support/rpc-clients.ts";
import { type RpcWorld, startRpcWorld, traceId } from "../support/rpc-world.ts";

const names = [
  "Connect JSON over HTTP/1.1",
  "Connect binary gzip over HTTP/1.1",
  "Connect over HTTP/2",
  "gRPC-Web over HTTP/1.1",
  "gRPC-Web gzip over HTTP/2",
  "gRPC of connect-node",
  "grpc-js on the Connect listener",
  "gRPC of connect-node gzip on the gRPC listener",
  "grpc-js on the gRPC listener",
];

interface Scenario {
  readonly name: string;
  readonly call: (client: RpcClient) => Promise<CallOutcome>;
  readonly expected: Partial<Pick<CallOutcome, "code" | "message" | "details" | "answer">>;
}

const input = userMessage("hello");
const errorInfo = (reason: string): string => `google.rpc.ErrorInfo: ${reason}`;

const scenarios: readonly Scenario[] = [
  {
    name: "answers a unary call",
    call: (client) => client.chat({ input }),
    expected: { code: 0, answer: ["안녕 world"] },
  },
  {
    name: "answers a stream",
    call: (client) => client.chatStream({ input }),
    expected: { code: 0, answer: ["started", "delta", "delta", "delta", "finished"] },
  },
  {
    name: "answers a large stream",
    call: (client) => client.chatStream({ input, labels: { count: "40", size: "50000" } }),
    expected: { code: 0, answer: ["started", ...Array.from({ length: 40 }, () => "delta"), "finished"] },
  },
  {
    name: "sends an error of the handler with its details",
    call: (client) => client.chat({ input, labels: { act: "unavailable" } }),
    expected: {
      code: 14,
      message: "nothing left to try: naïve 100% — 다시",
      details: [errorInfo("NO_DEPLOYMENT_AVAILABLE")],
    },
  },
  {
    name: "sends an error before a stream's first message with its details",
    call: (client) => client.chatStream({ input, labels: { act: "unavailable" } }),
    expected: {
      code: 14,
      message: "nothing left to try: naïve 100% — 다시",
      details: [errorInfo("NO_DEPLOYMENT_AVAILABLE")],
      answer: [],
    },
  },
  {
    name: "sends an error after content with its details",
    call: (client) => client.chatStream({ input, labels: { act: "break" } }),
    expected: {
      code: 10,
      message: "broke",
      details: [errorInfo("UPSTREAM_STREAM_BROKEN")],
      answer: ["started", "delta"],
    },
  },
  {
    name: "keeps a bug's text to itself",
    call: (client) => client.chat({ input, labels: { act: "bug" } }),
    expected: { code: 13, message: "internal error", details: [errorInfo("INTERNAL")] },
  },
  {
    name: "keeps a bug's text in a stream to itself",
    call: (client) => client.chatStream({ input, labels: { act: "bug" } }),
    expected: { code: 13, message: "internal error", details: [errorInfo("INTERNAL")] },
  },
  {
    name: "names the fields of an invalid request",
    call: (client) =>
      client.chat({ input: { messages: [{ parts: [{ part: { case: "text", value: "x" } }] }] } }),
    expected: {
      code: 3,
      message: "invalid request: input.messages[0].role: must not be in list [0]",
      details: [errorInfo("INVALID_REQUEST"), "google.rpc.BadRequest"],
    },
  },
  {
    name: "names the fields of an invalid request for a stream",
    call: (client) => client.chatStream({}),
    expected: {
      code: 3,
      message: "invalid request: input: value is required",
      details: [errorInfo("INVALID_REQUEST"), "google.rpc.BadRequest"],
    },
  },
  {
    name: "refuses a request over the limit",
    call: (client) => client.chat({ input: userMessage("x".repeat(2_000_000)) }),
    expected: {
      code: 8,
      message: "the request is larger than 1048576 bytes: send less",
      details: [errorInfo("REQUEST_TOO_LARGE")],
    },
  },
  {
    name: "refuses a stream's request over the limit",
    call: (client) => client.chatStream({ input: userMessage("x".repeat(2_000_000)) }),
    expected: { code: 8, details: [errorInfo("REQUEST_TOO_LARGE")] },
  },
  {
    name: "answers on time when the handler ignores the deadline",
    call: (client) => client.chat({ input, labels: { act: "ignore-deadline" } }, { timeoutMs: 300 }),
    expected: { code: 4 },
  },
  {
    name: "answers on time when a stream's handler ignores the deadline",
    call: (client) => client.chatStream({ input, labels: { act: "stuck" } }, { timeoutMs: 300 }),
    expected: { code: 4, answer: ["started"] },
  },
];

let world: RpcWorld;
let clients: readonly RpcClient[];

beforeAll(async () => {
  world = await startRpcWorld();
  clients = interopClients(world);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await world.close();
});

describe("every protocol on every listener", () => {
  for (const name of names) {
    for (const { name: scenario, call, expected } of scenarios) {
      it(`${scenario}: ${name}`, async () => {
        const client = clients.find((candidate) => candidate.name === name);
        const started = performance.now();
        const outcome = await call(client!);
        expect(outcome).toMatchObject(expected);
        expect(performance.now() - started).toBeLessThan(4_000);
        // A client's own timer may end it first, and then there is nothing from the server. connect-node adds the trailers of
        // a gRPC call that failed after content to its headers.
        const ids = (outcome.trailer("x-trace-id") ?? outcome.header("x-trace-id") ?? "").split(", ");
        expect(new Set([...ids, traceId]).size).toBe(expected.code === 4 && ids[0] === "" ? 2 : 1);
      });
    }
  }

  it("is a complete list of the clients", () => {
    expect(clients.map(({ name }) => name)).toEqual(names);
  });

  it("ends exactly one span a call and gives every place back", async () => {
    await expect.poll(() => world.record.released).toBe(world.record.admitted);
    expect(world.record.spans.length).toBe(names.length * scenarios.length);
    // The ones that ignore their deadline sleep for five seconds.
    await expect.poll(() => world.record.open, { timeout: 10_000 }).toBe(0);
  });
});
