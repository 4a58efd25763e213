import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import type { ChatRequest } from "./chat-request.ts";
import { type Delivery, lateErrorBody } from "./delivery.ts";
import { pause, unaryDueMs } from "./pace.ts";
import { randomFor } from "./seeded-random.ts";
import { sendJson, writePart } from "./send-response.ts";
import { completionBody } from "./wire-format.ts";

/** Sends a unary answer when it is due, broken where a fault says so. */
export async function sendCompletion(
  response: ServerResponse,
  request: ChatRequest,
  answer: Answer,
  { pace, clock, broken, createdSeconds }: Delivery,
): Promise<void> {
  const random = randomFor(answer.digest, "pace");
  if (!(await pause(clock, unaryDueMs(pace, random, answer.longestTokens), response))) return;
  const body = completionBody(request, answer, createdSeconds);
  switch (broken?.how) {
    case undefined:
      return sendJson(response, 200, body);
    case "malformed":
      return sendJson(response, 200, body.slice(0, -2));
    case "error-event":
      return sendJson(response, 200, lateErrorBody);
    case "cut":
    case "stall":
      // The length promises more than comes.
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      });
      await writePart(response, body.slice(0, body.length / 2));
      if (broken?.how === "cut") response.socket?.destroy();
  }
}
