import { chatBody, chatStreamBody, openAiBody } from "./request-bodies.ts";

/** How an answer is judged: `refused` is a status that says to come back later, `failed` is everything else wrong. */
export type Verdict = "ok" | "refused" | "failed";

/** What came back for one request. */
export interface Answer {
  readonly status: number;
  /** Of a gRPC call that ended with its headers: what they say. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
}

/** One protocol as a client speaks it: the request, made once and sent again and again, and how to judge its answer. */
export interface Wire {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly judge: (answer: Answer) => Verdict;
}

export type WireName =
  | "grpc"
  | "grpc-stream"
  | "grpc-web"
  | "grpc-web-stream"
  | "connect-proto"
  | "connect-json"
  | "connect-stream"
  | "openai"
  | "openai-stream";

const chatPath = "/switchyard.v1.GatewayService/Chat";
const streamPath = "/switchyard.v1.GatewayService/ChatStream";

/** The request for this model over this protocol. @param headers added to it */
export function createWire(name: WireName, model: string, headers: Readonly<Record<string, string>>): Wire {
  switch (name) {
    case "grpc":
      return {
        path: chatPath,
        headers: { "content-type": "application/grpc+proto", te: "trailers", ...headers },
        body: framed(chatBody(model, "proto")),
        judge: judgeGrpc,
      };
    case "grpc-stream":
      return {
        path: streamPath,
        headers: { "content-type": "application/grpc+proto", te: "trailers", ...headers },
        body: framed(chatStreamBody(model)),
        judge: judgeGrpc,
      };
    case "grpc-web":
      return {
        path: chatPath,
        headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", ...headers },
        body: framed(chatBody(model, "proto")),
        judge: judgeGrpcWeb,
      };
    case "grpc-web-stream":
      return {
        path: streamPath,
        headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", ...headers },
        body: framed(chatStreamBody(model)),
        judge: judgeGrpcWeb,
      };
    case "connect-proto":
      return {
        path: chatPath,
        headers: { "content-type": "application/proto", "connect-protocol-version": "1", ...headers },
        body: chatBody(model, "proto"),
        judge: judgeHttp,
      };
    case "connect-json":
      return {
        path: chatPath,
        headers: { "content-type": "application/json", "connect-protocol-version": "1", ...headers },
        body: chatBody(model, "json"),
        judge: judgeHttp,
      };
    case "connect-stream":
      return {
        path: streamPath,
        headers: { "content-type": "application/connect+proto", "connect-protocol-version": "1", ...headers },
        body: framed(chatStreamBody(model)),
        judge: judgeConnectStream,
      };
    case "openai":
    case "openai-stream": {
      const stream = name === "openai-stream";
      return {
        path: "/v1/chat/completions",
        headers: { "content-type": "application/json", authorization: "Bearer bench-key", ...headers },
        body: openAiBody(model, stream),
        judge: stream ? judgeEvents : judgeHttp,
      };
    }
  }
}

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function judgeGrpc({ status, headers, body, trailers }: Answer): Verdict {
  const code = trailers["grpc-status"] ?? headers["grpc-status"];
  if (status === 200 && code === "0" && body.length > 5) return "ok";
  return code === "8" || code === "14" ? "refused" : "failed";
}

function judgeGrpcWeb({ status, headers, body }: Answer): Verdict {
  const said = /grpc-status: ?(\d+)/i.exec(body.subarray(-400).toString("latin1"))?.[1];
  const code = said ?? headers["grpc-status"];
  if (status === 200 && code === "0" && body.length > 50) return "ok";
  return code === "8" || code === "14" ? "refused" : "failed";
}

function judgeHttp({ status, body }: Answer): Verdict {
  if (status === 200 && body.length > 50) return "ok";
  return status === 429 || status === 503 ? "refused" : "failed";
}

/** The last frame says how a stream of Connect ended. */
function judgeConnectStream({ status, body }: Answer): Verdict {
  const end = body.subarray(-2048).toString("latin1");
  if (status === 200 && body.length > 50 && !end.includes('{"error"')) return "ok";
  return /"(?:unavailable|resource_exhausted)"/.test(end) ? "refused" : "failed";
}

function judgeEvents({ status, body }: Answer): Verdict {
  if (status === 200 && body.subarray(-64).includes("[DONE]")) return "ok";
  return status === 429 || status === 503 ? "refused" : "failed";
}
