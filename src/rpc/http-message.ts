import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request over HTTP/1.1 or HTTP/2. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** Its response; the two classes share every method used here. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** The path without its query, undecoded. */
export function pathOf(request: HttpRequest): string {
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/** Host and port that the caller addressed; undefined where it named none. */
export function authorityOf(request: HttpRequest): string | undefined {
  const authority = "authority" in request ? request.authority || request.headers.host : request.headers.host;
  return authority === "" ? undefined : authority;
}

/** True for HTTP/2. */
export function isHttp2(response: HttpResponse): response is Http2ServerResponse {
  return "stream" in response;
}

/** Answers with a JSON object and nothing else. */
export function sendJson(
  response: HttpResponse,
  status: number,
  body: Readonly<Record<string, unknown>>,
): void {
  const text = JSON.stringify(body);
  write(
    response,
    status,
    { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
    text,
  );
}

function write(
  response: HttpResponse,
  status: number,
  headers: Record<string, string | number>,
  text: string,
): void {
  if (isHttp2(response)) response.writeHead(status, headers);
  else response.writeHead(status, headers);
  response.end(text);
}
