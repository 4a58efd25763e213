import type { IncomingHttpHeaders } from "node:http";

/** Headers of a response, names in lower case. */
export type HeaderSource = IncomingHttpHeaders;

/** The value of a header; of one that came several times the first. */
export function header(headers: HeaderSource, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const requestIdHeaders = [
  "x-request-id",
  "request-id",
  "x-amzn-requestid",
  "apim-request-id",
  "x-ms-request-id",
] as const;

const plainId = /^[\x21-\x7e]{1,128}$/;

/** The upstream's own id of the request, for whoever asks its operators; only where it is one short word. */
export function readRequestId(headers: HeaderSource): string | undefined {
  for (const name of requestIdHeaders) {
    const value = header(headers, name);
    if (value !== undefined && plainId.test(value)) return value;
  }
  return undefined;
}

/** The media type, in lower case and without parameters; empty where there is none. */
export function readMediaType(headers: HeaderSource): string {
  return (header(headers, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
