import { cors } from "@connectrpc/connect";

/** What CORS says about one request. */
export interface CorsAnswer {
  /** To set on the response, whatever it is. */
  readonly headers: Readonly<Record<string, string>>;
  /** True: the request only asks; answer it with 204 and nothing else. */
  readonly preflight: boolean;
}

interface CorsRequest {
  readonly method: string;
  readonly origin: string | undefined;
  /** `Access-Control-Request-Method`. */
  readonly requestedMethod: string | undefined;
}

const allowedHeaders = lowerCase([
  ...cors.allowedHeaders,
  "authorization",
  "baggage",
  "traceparent",
  "tracestate",
  "x-api-key",
  "x-switchyard-caller",
  "x-switchyard-criticality",
]);
// Connect's unary calls carry trailers as headers with a prefix.
const ownTrailers = ["x-trace-id", "grpc-retry-pushback-ms"];
const exposedHeaders = lowerCase([
  ...cors.exposedHeaders,
  ...ownTrailers,
  ...ownTrailers.map((name) => `trailer-${name}`),
]);
// Browsers cap it themselves (Chromium at two hours).
const preflightSeconds = "7200";

/**
 * The CORS headers of a request for these origins: exact, such as `https://app.example.com`, or `*`. None at all while
 * no origin is allowed. No credentials are allowed: callers name themselves in headers, never by cookie.
 */
export function answerCors(allowedOrigins: readonly string[], request: CorsRequest): CorsAnswer {
  if (allowedOrigins.length === 0) return { headers: {}, preflight: false };
  const preflight =
    request.method === "OPTIONS" && request.origin !== undefined && request.requestedMethod !== undefined;
  const any = allowedOrigins.includes("*");
  // A cache must not give one origin the answer that was made for another.
  const vary: Record<string, string> = any ? {} : { vary: "Origin" };
  const allowed = request.origin !== undefined && (any || allowedOrigins.includes(request.origin));
  if (!allowed || request.origin === undefined) return { headers: vary, preflight };
  const headers: Record<string, string> = {
    ...vary,
    "access-control-allow-origin": any ? "*" : request.origin,
  };
  if (preflight) {
    headers["access-control-allow-methods"] = cors.allowedMethods.join(", ");
    headers["access-control-allow-headers"] = allowedHeaders;
    headers["access-control-max-age"] = preflightSeconds;
  } else {
    headers["access-control-expose-headers"] = exposedHeaders;
  }
  return { headers, preflight };
}

function lowerCase(names: readonly string[]): string {
  return names.join(", ").toLowerCase();
}
