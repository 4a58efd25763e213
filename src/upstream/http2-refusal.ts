import { constants } from "node:http2";

/**
 * True where HTTP/2 says that the upstream never began with the request: REFUSED_STREAM, or a GOAWAY that leaves
 * its stream out (RFC 9113, 8.7). undici has tried once more by then, and gives up only at the second refusal.
 */
export function isUnprocessedHttp2(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("http2ErrorCode" in error) return error.http2ErrorCode === constants.NGHTTP2_REFUSED_STREAM;
  // undici has no code of its own for it; it gives this error to streams beyond the last one accepted alone.
  return error.message.startsWith('HTTP/2: "GOAWAY"');
}
