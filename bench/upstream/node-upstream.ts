// An OpenAI-compatible upstream without a model, in a process of its own. The first part of a request's path says
// how it answers: /unary, /limited (a tenth are 429s), /burst (a stream at once) or /paced/FIRST/GAP/CHUNKS.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { completion, rateLimited, streamEvents } from "./answers.ts";

const burst = streamEvents(100).join("");
let connections = 0;
let asked = 0;

const server = createServer((request, response) => {
  request.resume();
  const [, kind = "", ...numbers] = (request.url ?? "").split("/");
  switch (kind) {
    case "limited":
      if (++asked % 10 === 0) send(response, 429, "application/json", rateLimited);
      else send(response, 200, "application/json", completion);
      return;
    case "burst":
      send(response, 200, "text/event-stream", burst);
      return;
    case "paced": {
      const [firstMs = 0, gapMs = 0, chunks = 0] = numbers.map(Number);
      void stream(request, response, { firstMs, gapMs, chunks });
      return;
    }
    case "connections":
      send(response, 200, "application/json", `${connections}`);
      return;
    default:
      send(response, 200, "application/json", completion);
  }
});
server.keepAliveTimeout = 60_000;
server.on("connection", (socket) => {
  connections += 1;
  socket.setNoDelay(true);
});
server.listen(0, "127.0.0.1", 4096, () => {
  // Whoever listens on a port of TCP has an address of this form.
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening ${port}\n`);
});

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Each event is a write of its own, `gapMs` apart; a gap of 0 yields to the event loop only. */
async function stream(
  request: IncomingMessage,
  response: ServerResponse,
  { firstMs, gapMs, chunks }: { readonly firstMs: number; readonly gapMs: number; readonly chunks: number },
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  await sleep(firstMs);
  for (const event of eventsOf(chunks)) {
    if (request.socket.destroyed || response.destroyed) return;
    response.write(event);
    await (gapMs === 0 ? new Promise(setImmediate) : sleep(gapMs));
  }
  response.end();
}

const known = new Map<number, readonly string[]>();

function eventsOf(chunks: number): readonly string[] {
  const events = known.get(chunks) ?? streamEvents(chunks);
  known.set(chunks, events);
  return events;
}
