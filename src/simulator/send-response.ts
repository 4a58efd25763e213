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

/**
 * Writes, and waits until the system has taken the bytes: they reach the client even if the connection is
 * destroyed next, and a slow client holds us back. False where the client went away.
 */
export function writePart(response: ServerResponse, part: string): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = () => {
      response.off("close", end);
      resolve(!response.destroyed);
    };
    response.once("close", end);
    response.write(part, end);
  });
}
