import type { ResponseBody } from "./response-body.ts";

/** An error body that is longer, or comes slower, is judged by its status alone. */
const maxErrorBytes = 64 * 1024;
const maxErrorMs = 1000;

/** What is left of a body after its last event: read it so that the connection can be used again. */
const maxDrainMs = 250;

/** The text of an error response; empty where it is too long, too slow or breaks. Never throws. */
export async function readErrorText(body: ResponseBody): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => body.discard(), maxErrorMs);
  try {
    for (;;) {
      const bytes = await body.read();
      if (bytes === undefined) return Buffer.concat(chunks).toString("utf8");
      length += bytes.length;
      if (length > maxErrorBytes) {
        body.discard();
        return "";
      }
      chunks.push(bytes);
    }
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a body that nobody reads on: its rest is read if it comes at once, else the connection is closed. */
export function drainBody(body: ResponseBody): void {
  body.drain(maxDrainMs);
}

/** Closes the connection of a body that nobody wants. */
export function discardBody(body: ResponseBody): void {
  body.discard();
}
