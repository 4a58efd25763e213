// What Node can do at most: raw http2, protobuf-es and undici.request, and nothing of what a gateway is for. Answers
// the same two methods with the same messages. Arguments: the upstream's origin, and the paths of both kinds.
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Pool } from "undici";
import { FinishReason, Role } from "../../gen/switchyard/v1/content_pb.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponseSchema,
  ChatStreamResponseSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";

const [origin = "", unaryPath = "", streamPath = ""] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 256, pipelining: 1 });
const requestHeaders = ["content-type", "application/json", "authorization", "Bearer bench-key"];

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream, headers) => {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => undefined);
  stream.on("end", () => {
    const request = fromBinary(ChatRequestSchema, Buffer.concat(chunks).subarray(5));
    const streamed = headers[":path"]?.endsWith("ChatStream") === true;
    void (streamed ? answerStream : answerUnary)(stream, request).catch(() => stream.close());
  });
});
server.listen(0, "127.0.0.1", 4096, () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening ${port}\n`);
});

function upstreamBody({ input }: ChatRequest, stream: boolean): string {
  const messages = input?.messages.map(({ role, parts }) => ({
    role: role === Role.SYSTEM ? "system" : "user",
    content: parts.map(({ part }) => (part.case === "text" ? part.value : "")).join(""),
  }));
  return JSON.stringify(stream ? { model: "stream", messages, stream } : { model: "unary", messages });
}

async function answerUnary(stream: ServerHttp2Stream, request: ChatRequest): Promise<void> {
  const body = upstreamBody(request, false);
  const response = await pool.request({ path: unaryPath, method: "POST", headers: requestHeaders, body });
  const answer = JSON.parse(await response.body.text());
  const message = create(ChatResponseSchema, {
    id: answer.id,
    modelVersion: answer.model,
    choices: [
      {
        index: 0,
        message: {
          role: Role.ASSISTANT,
          parts: [{ part: { case: "text", value: answer.choices[0].message.content } }],
        },
        finishReason: FinishReason.STOP,
        nativeFinishReason: "stop",
      },
    ],
    usage: { inputTokens: answer.usage.prompt_tokens, outputTokens: answer.usage.completion_tokens },
  });
  open(stream);
  stream.end(framed(toBinary(ChatResponseSchema, message)));
}

async function answerStream(stream: ServerHttp2Stream, request: ChatRequest): Promise<void> {
  const body = upstreamBody(request, true);
  const response = await pool.request({ path: streamPath, method: "POST", headers: requestHeaders, body });
  open(stream);
  let rest = "";
  for await (const bytes of response.body) {
    const events = `${rest}${String(bytes)}`.split("\n\n");
    rest = events.pop() ?? "";
    // What came together leaves together.
    stream.write(Buffer.concat(events.flatMap(toMessage)));
  }
  stream.end();
}

function toMessage(event: string): readonly Buffer[] {
  const data = event.slice("data: ".length);
  if (data === "[DONE]") return [];
  const content: unknown = JSON.parse(data).choices[0]?.delta.content;
  if (typeof content !== "string") return [];
  const delta = { case: "text" as const, value: content };
  const message = create(ChatStreamResponseSchema, { event: { case: "delta", value: { delta } } });
  return [framed(toBinary(ChatStreamResponseSchema, message))];
}

function open(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
