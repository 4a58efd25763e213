import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import type { ChatRequest } from "./chat-request.ts";
import { type Delivery, lateErrorBody } from "./delivery.ts";
import { firstTokenDueMs, pause, tokenDueMs } from "./pace.ts";
import { randomFor } from "./seeded-random.ts";
import { writePart } from "./send-response.ts";
import { eventStream } from "./wire-format.ts";

/** Events that are due together leave together, up to this many characters a write. */
const mostWriteChars = 65_536;

/** Sends an answer as server-sent events at its pace, broken where a fault says so. */
export async function sendStream(
  response: ServerResponse,
  request: ChatRequest,
  answer: Answer,
  { pace, clock, broken, createdSeconds }: Delivery,
): Promise<void> {
  const started = clock.now();
  const random = randomFor(answer.digest, "pace");
  const events = eventStream(request, answer, createdSeconds);
  const firstMs = firstTokenDueMs(pace, random);
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  let waiting = events.head;
  let tokens = 0;
  for (const moment of events.moments()) {
    if (tokens === broken?.afterTokens) break;
    const waitMs = started + firstMs + tokenDueMs(pace, random, tokens) - clock.now();
    if (waitMs > 0 || waiting.length > mostWriteChars) {
      // The caller sees what is due before we wait for what is not.
      if (waiting !== "" && !(await writePart(response, waiting))) return;
      waiting = "";
      if (!(await pause(clock, waitMs, response))) return;
    }
    waiting += moment;
    tokens += 1;
  }
  switch (broken?.how) {
    case undefined:
      response.end(waiting + events.tail);
      return;
    case "malformed":
      response.end(`${waiting}data: {"id":"${answer.id}","choices":[{"index":0,"delta":{"cont\n\n`);
      return;
    case "error-event":
      response.end(`${waiting}data: ${lateErrorBody}\n\n`);
      return;
    case "cut":
    case "stall":
      await writePart(response, waiting);
      if (broken?.how === "cut") response.socket?.destroy();
  }
}
