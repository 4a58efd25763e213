import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import { apiError, errorBody } from "./api-error.ts";
import type { ChatRequest } from "./chat-request.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { type Pace, pause, unaryDueMs } from "./pace.ts";
import { randomFor } from "./seeded-random.ts";
import { sendJson, writePart } from "./send-response.ts";
import { completionBody } from "./wire-format.ts";

/** What breaks an answer on its way, and how. */
export type Break = Extract<FaultPlan, { kind: "break" }>;

/** The body of an error that comes although the status said 200. */
export const lateErrorBody: string = errorBody(
  apiError(500, "The server had an error while answering (simulated).", { code: "server_error" }),
);

/** Sends a unary answer when it is due, broken where a fault says so. */
export async function sendCompletion(
  response: ServerResponse,
  request: ChatRequest,
  answer: Answer,
  pace: Pace,
  broken: Break | undefined,
  createdSeconds: number,
): Promise<void> {
  const random = randomFor(answer.digest, "pace");
  if (!(await pause(unaryDueMs(pace, random, answer.completionTokens), response))) return;
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
