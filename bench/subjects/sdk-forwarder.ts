// A plain Node program: the openai SDK as its README shows it, each chunk forwarded as it is read. Argument: the
// base URL of the upstream.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import OpenAI from "openai";

const [baseURL = ""] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "bench-key" });

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  // The caller is the bench, which sends nothing else.
  const body = JSON.parse(
    Buffer.concat(chunks).toString(),
  ) as OpenAI.Chat.ChatCompletionCreateParamsStreaming;
  try {
    const stream = await client.chat.completions.create(body);
    response.writeHead(200, { "content-type": "text/event-stream" });
    for await (const chunk of stream) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    response.end("data: [DONE]\n\n");
  } catch {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  }
});
server.listen(0, "127.0.0.1", 4096, () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening ${port}\n`);
});
