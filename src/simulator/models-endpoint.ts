import type { ServerResponse } from "node:http";
import { apiError } from "./api-error.ts";
import { sendError, sendJson } from "./send-response.ts";

/** When the models came into being, as far as a simulator can say: 2025-01-01. */
const createdSeconds = 1_735_689_600;

function modelEntry(id: string) {
  return { id, object: "model", created: createdSeconds, owned_by: "switchyard-simulator" };
}

/** Answers `GET /v1/models`. */
export function sendModels(response: ServerResponse, models: readonly string[]): void {
  sendJson(response, 200, JSON.stringify({ object: "list", data: models.map(modelEntry) }));
}

/** Answers `GET /v1/models/{id}`; the id may hold slashes, escaped or not. */
export function sendModel(response: ServerResponse, models: readonly string[], id: string): void {
  if (models.includes(id)) return sendJson(response, 200, JSON.stringify(modelEntry(id)));
  const message = `The model '${id.slice(0, 100)}' does not exist or you do not have access to it.`;
  sendError(response, apiError(404, message, { code: "model_not_found", param: "model" }));
}
