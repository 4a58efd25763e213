import type { ServerResponse } from "node:http";
import { type ApiError, errorBody } from "./api-error.ts";

/** Sends a body whole. */
export function sendWhole(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

export function sendJson(response: ServerResponse, status: number, body: string): void {
  sendWhole(response, status, body, { "content-type": "application/json" });
}

export function sendError(response: ServerResponse, error: ApiError): void {
  sendWhole(response, error.status, errorBody(error), {
    ...error.headers,
    "content-type": "application/json",
  });
}
