import type { ServerResponse } from "node:http";
import type { SimulatorFault } from "../config/config.ts";
import { answerRequest } from "./answer.ts";
import { apiError, badRequest } from "./api-error.ts";
import { readChatRequest } from "./chat-request.ts";
import type { Clock } from "./clock.ts";
import { type FaultPlan, faultPlans } from "./fault-plan.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import type { Pace } from "./pace.ts";
import { sendCompletion } from "./send-completion.ts";
import { sendError, sendWhole } from "./send-response.ts";
import { sendStream } from "./send-stream.ts";

/** What the chat endpoint needs to know. */
export interface ChatEndpointOptions {
  readonly seed: number;
  readonly pace: Pace;
  readonly isModel: (model: string) => boolean;
  readonly faultOf: (model: string) => SimulatorFault | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly clock: Clock;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Answers `POST /v1/chat/completions`. The fault of a model comes before the look at the rest of the request. */
export function createChatEndpoint(options: ChatEndpointOptions) {
  return async (response: ServerResponse, text: string): Promise<void> => {
    const body = parseObject(text);
    if (body === undefined) {
      return sendError(
        response,
        apiError(400, "We could not parse the JSON body of your request. The API expects a JSON object."),
      );
    }
    const model = body["model"];
    if (typeof model !== "string" || model === "") {
      return sendError(response, badRequest("model", "you must provide a model parameter"));
    }
    if (!options.isModel(model)) {
      const message = `The model '${model.slice(0, 100)}' does not exist or you do not have access to it.`;
      return sendError(response, apiError(404, message, { code: "model_not_found", param: "model" }));
    }
    const fault = options.faultOf(model);
    const plan = fault === undefined ? undefined : faultPlans[fault];
    if (showInstead(response, plan, body["stream"] === true)) return;
    const request = readChatRequest(body, model);
    if (request.kind === "error") return sendError(response, request);
    const send = request.stream ? sendStream : sendCompletion;
    await send(response, request, answerRequest(request, options.seed), {
      pace: plan?.kind === "delay" ? { ...options.pace, firstTokenMs: plan.firstTokenMs } : options.pace,
      clock: options.clock,
      broken: plan?.kind === "break" ? plan : undefined,
      createdSeconds: Math.floor(options.now() / 1000),
    });
  };
}

/** Shows a fault that takes the place of the answer; false where there is none. */
function showInstead(response: ServerResponse, plan: FaultPlan | undefined, stream: boolean): boolean {
  switch (plan?.kind) {
    case "refuse":
      sendError(response, plan.error);
      return true;
    case "replace": {
      const usual = stream ? "text/event-stream; charset=utf-8" : "application/json";
      sendWhole(response, 200, plan.body, { "content-type": plan.contentType ?? usual });
      return true;
    }
    case "reset":
      response.socket?.resetAndDestroy();
      return true;
    case "delay":
    case "break":
    case undefined:
      return false;
  }
}
