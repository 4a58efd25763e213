import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson } from "../../src/rpc/http-message.ts";
import { openSocket } from "../support/raw-socket.ts";
import { type RpcWorld, startRpcWorld, traceId } from "../support/rpc-world.ts";

const chat = "/switchyard.v1.GatewayService/Chat";
const listModels = "/switchyard.v1.GatewayService/ListModels";
const json = { "content-type": "application/json" };
const hello = JSON.stringify({ input: { messages: [{ role: "ROLE_USER", parts: [{ text: "x" }] }] } });

let world: RpcWorld;
let base: string;
beforeAll(async () => {
  world = await startRpcWorld({
    connect: {
      routes: [
        {
          matches: (path) => path === "/metrics",
          handle: (_, response) => sendJson(response, 200, { metrics: true }),
        },
        {
          matches: (path) => path === "/broken",
          handle: () => {
            throw new Error("secret detail");
          },
        },
      ],
    },
  });
  base = `http://${world.connect}`;
});
afterAll(() => world.close());

async function call(
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const answer = await fetch(base + path, init);
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text), headers: answer.headers };
}

describe("plain HTTP on the Connect listener", () => {
  it("answers a curl-like Chat in JSON, with the trace id in a header", async () => {
    const { status, body, headers } = await call(chat, { method: "POST", headers: json, body: hello });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: "cmpl-1" });
    expect(headers.get("x-trace-id")).toBe(traceId);
    expect(headers.get("x-handler")).toBe("chat");
  });

  it("takes ListModels as GET", async () => {
    const message = encodeURIComponent(JSON.stringify({ provider: "deepseek" }));
    const { status, body } = await call(`${listModels}?encoding=json&connect=v1&message=${message}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { models: [{ id: "deepseek/model" }] } });
  });

  it("does not take Chat as GET", async () => {
    expect((await fetch(`${base}${chat}?encoding=json&message=%7B%7D`)).status).toBe(405);
  });

  for (const [name, path, init, status, code] of [
    ["an unknown path", "/nothing", {}, 404, "not_found"],
    ["an unknown path that tries to climb", "/../../etc/passwd", {}, 404, "not_found"],
    [
      "an unknown method",
      "/switchyard.v1.GatewayService/Nope",
      { method: "POST", headers: json, body: "{}" },
      404,
      "unimplemented",
    ],
    ["malformed JSON", chat, { method: "POST", headers: json, body: "{" }, 400, "invalid_argument"],
    ["JSON of another shape", chat, { method: "POST", headers: json, body: "[1]" }, 400, "invalid_argument"],
    [
      "a wrong type in JSON",
      chat,
      { method: "POST", headers: json, body: '{"input":5}' },
      400,
      "invalid_argument",
    ],
    ["an empty body", chat, { method: "POST", headers: json, body: "" }, 400, "invalid_argument"],
    [
      "malformed protobuf",
      chat,
      { method: "POST", headers: { "content-type": "application/proto" }, body: "\xff\xff\xff" },
      400,
      "invalid_argument",
    ],
    [
      "an unknown compression",
      chat,
      { method: "POST", headers: { ...json, "content-encoding": "zstd" }, body: "{}" },
      501,
      "unimplemented",
    ],
    [
      "bytes that are not gzip",
      chat,
      { method: "POST", headers: { ...json, "content-encoding": "gzip" }, body: "{}" },
      400,
      "invalid_argument",
    ],
    [
      "a malformed timeout",
      chat,
      { method: "POST", headers: { ...json, "connect-timeout-ms": "soon" }, body: hello },
      400,
      "invalid_argument",
    ],
    [
      "a spent timeout",
      chat,
      { method: "POST", headers: { ...json, "connect-timeout-ms": "0" }, body: hello },
      504,
      "deadline_exceeded",
    ],
    [
      "a field that breaks a rule",
      chat,
      { method: "POST", headers: json, body: '{"labels":{"BAD KEY":"x"}}' },
      400,
      "invalid_argument",
    ],
  ] as const) {
    it(`answers ${name} with ${status} and says ${code}`, async () => {
      const answer = await call(path, init as RequestInit);
      expect({ status: answer.status, body: answer.body }).toMatchObject({
        status,
        body: { code, message: expect.stringMatching(/\S/) },
      });
      if (path !== chat) return;
      expect(answer.body).toMatchObject({ details: [{ type: "google.rpc.ErrorInfo" }, ...extra(name)] });
    });
  }

  it("does not mistake a timeout of weeks for none at all", async () => {
    const weeks = { ...json, "connect-timeout-ms": "9999999999" };
    expect((await call(chat, { method: "POST", headers: weeks, body: hello })).status).toBe(200);
  });

  it("refuses a content type that is no protocol of ours", async () => {
    const answer = await fetch(base + chat, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "x",
    });
    expect(answer.status).toBe(415);
  });

  it("serves its probes to GET and HEAD and to nothing else", async () => {
    for (const path of ["/livez", "/readyz"]) {
      expect((await call(path)).status).toBe(200);
      expect((await call(path, { method: "HEAD" })).status).toBe(200);
      expect((await call(`${path}?verbose`)).status).toBe(200);
      expect((await call(path, { method: "POST" })).status).toBe(405);
    }
  });

  it("serves routes beside the RPCs, and keeps a broken one's text to itself", async () => {
    expect((await call("/metrics")).body).toEqual({ metrics: true });
    expect(await call("/broken")).toMatchObject({
      status: 500,
      body: { code: "internal", message: "internal error" },
    });
  });

  it("keeps an HTTP/1.1 connection for the next request after an error", async () => {
    const client = await openSocket(world.connect);
    const bad = "POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc";
    client.socket.write(`${bad}GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1\.1 404[^]*HTTP\/1\.1 200/);
  });

  it("answers an unknown gRPC method in gRPC's terms", async () => {
    const session = connect(base);
    const stream = session.request({
      ":method": "POST",
      ":path": "/a.B/C",
      "content-type": "application/grpc",
    });
    stream.end();
    const headers = await new Promise((resolve) => stream.on("response", resolve));
    expect(headers).toMatchObject({ ":status": 200, "grpc-status": "12" });
    session.destroy();
  });
});

function extra(name: string): readonly unknown[] {
  return name === "a field that breaks a rule" ? [{ type: "google.rpc.BadRequest" }] : [];
}
