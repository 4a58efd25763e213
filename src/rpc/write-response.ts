import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { type HttpResponse, isHttp2 } from "./http-message.ts";

/**
 * Writes a response of connect-es to the socket, message by message at the reader's pace. A gRPC call that fails
 * before its first message leaves as Trailers-Only: headers and trailers in one HEADERS frame that ends the
 * stream. HEADERS followed by trailers would commit the call, and a client's retry policy would never run.
 * @param beforeTrailers called once the body is written and the trailers are final
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md and test/rpc/trailers-only.test.ts
 */
export async function writeResponse(
  { status, header, body, trailer }: UniversalServerResponse,
  response: HttpResponse,
  beforeTrailers: (trailer: Headers) => Promise<void>,
): Promise<void> {
  const iterator = body?.[Symbol.asyncIterator]();
  try {
    let chunk = await iterator?.next();
    if (chunk?.done === true && trailer !== undefined && isHttp2(response)) {
      await beforeTrailers(trailer);
      if (trailer.get("grpc-status") !== "0") {
        trailersOnly(response, status, header, trailer);
        return;
      }
    }
    setHeaders(response, status, header);
    while (chunk !== undefined && chunk.done !== true) {
      if (!writeChunk(response, chunk.value)) await drained(response);
      if (isGone(response)) return;
      chunk = await iterator?.next();
    }
    if (trailer !== undefined && !isGone(response)) {
      await beforeTrailers(trailer);
      if (isGone(response)) return;
      response.addTrailers(toNode(trailer));
    }
    if (!isGone(response)) response.end();
  } finally {
    // Ends the handler of a caller that left; does nothing to one that is through.
    void iterator?.return?.().catch(() => undefined);
  }
}

function trailersOnly(
  response: Extract<HttpResponse, { stream: unknown }>,
  status: number,
  header: Headers | undefined,
  trailer: Headers,
): void {
  if (response.stream.destroyed || response.stream.headersSent) return;
  const set = Object.fromEntries(
    Object.entries(response.getHeaders()).filter(([, value]) => value !== undefined),
  );
  response.stream.respond(
    { ...set, ...toNode(header ?? new Headers()), ...toNode(trailer), ":status": status },
    { endStream: true },
  );
}

function setHeaders(response: HttpResponse, status: number, header: Headers | undefined): void {
  if (isGone(response)) return;
  response.statusCode = status;
  header?.forEach((value, name) => {
    response.setHeader(name, value);
  });
  if (isHttp2(response)) response.writeHead(status);
  else response.writeHead(status);
}

// The two classes share the method, but not its declared type.
function writeChunk(response: HttpResponse, chunk: Uint8Array): boolean {
  return isHttp2(response) ? response.write(chunk) : response.write(chunk);
}

function toNode(headers: Headers): Record<string, string> {
  const node: Record<string, string> = {};
  headers.forEach((value, name) => {
    node[name] = value;
  });
  return node;
}

function isGone(response: HttpResponse): boolean {
  return response.destroyed || response.closed || (isHttp2(response) && (response.stream?.destroyed ?? true));
}

function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
    if (isGone(response)) done();
  });
}
