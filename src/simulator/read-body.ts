import type { IncomingMessage } from "node:http";
import { type ApiError, apiError } from "./api-error.ts";

/** Larger than any request that the gateway lets through: images and files travel inside the JSON. */
const mostBytes = 64 * 1024 * 1024;

/** The body of a request as text; undefined where the client went away before its end. */
export type BodyResult = { readonly kind: "body"; readonly text: string } | ApiError | undefined;

/** Reads a body of at most 64 MiB of UTF-8. */
export async function readBody(request: IncomingMessage): Promise<BodyResult> {
  const coding = request.headers["content-encoding"];
  if (coding !== undefined && coding !== "identity") {
    return apiError(415, "Unsupported content encoding: send the body as it is.");
  }
  const tooLarge = apiError(413, `Request body too large: at most ${mostBytes} bytes are allowed.`, {
    headers: { connection: "close" },
  });
  if (Number(request.headers["content-length"] ?? 0) > mostBytes) return tooLarge;
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request) {
      // Node types the parts of a byte stream as any.
      const chunk = part as Buffer;
      bytes += chunk.length;
      if (bytes > mostBytes) return tooLarge;
      parts.push(chunk);
    }
  } catch {
    return undefined;
  }
  try {
    return { kind: "body", text: new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)) };
  } catch {
    return apiError(400, "The body of your request is not UTF-8.");
  }
}
