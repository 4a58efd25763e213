import type { SimulatorFault } from "../config/config.ts";
import { type ApiError, apiError } from "./api-error.ts";

/** How a fault shows on the wire. */
export type FaultPlan =
  /** An error response instead of an answer. */
  | { readonly kind: "refuse"; readonly error: ApiError }
  /** A 200 that is no answer. */
  | { readonly kind: "replace"; readonly contentType: string | undefined; readonly body: string }
  /** The connection is reset before any header. */
  | { readonly kind: "reset" }
  /** The answer is whole, but late. */
  | { readonly kind: "delay"; readonly firstTokenMs: number }
  /** The answer starts well; `afterTokens` later it goes wrong. */
  | { readonly kind: "break"; readonly how: BreakKind; readonly afterTokens: number };

type BreakKind = "cut" | "stall" | "malformed" | "error-event";

/** Beyond every first-token limit that ships: the longest, of the advanced tier, is 60 s. */
const slowFirstTokenMs = 90_000;

const someTokens = 3;

const page = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>simulated</body></html>";

function refuse(
  status: number,
  message: string,
  type: string,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): FaultPlan {
  return { kind: "refuse", error: apiError(status, message, { type, code, headers }) };
}

/** What the simulator does for each fault that the configuration can name. */
export const faultPlans: Readonly<Record<SimulatorFault, FaultPlan>> = {
  "rate-limited": refuse(
    429,
    "Rate limit reached (simulated). Please try again in 2s.",
    "requests",
    "rate_limit_exceeded",
    {
      "retry-after": "2",
      "x-ratelimit-limit-requests": "60",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "2s",
    },
  ),
  "quota-exhausted": refuse(
    429,
    "You exceeded your current quota (simulated).",
    "insufficient_quota",
    "insufficient_quota",
  ),
  unavailable: refuse(503, "The service is unavailable (simulated).", "server_error", "service_unavailable"),
  overloaded: refuse(529, "Overloaded (simulated).", "overloaded_error", "overloaded_error"),
  "server-error": refuse(500, "The server had an error (simulated).", "server_error", "server_error"),
  unauthorized: refuse(
    401,
    "Incorrect API key provided (simulated).",
    "invalid_request_error",
    "invalid_api_key",
  ),
  forbidden: refuse(
    403,
    "This key may not use this model (simulated).",
    "permission_error",
    "permission_denied",
  ),
  "model-missing": refuse(
    404,
    "The model does not exist (simulated).",
    "invalid_request_error",
    "model_not_found",
  ),
  "context-too-long": refuse(
    400,
    "This model's maximum context length is 1024 tokens, fewer than your messages have (simulated).",
    "invalid_request_error",
    "context_length_exceeded",
  ),
  "content-filtered": refuse(
    400,
    "Your request was rejected by the safety system (simulated).",
    "invalid_request_error",
    "content_policy_violation",
  ),
  html: { kind: "replace", contentType: "text/html; charset=utf-8", body: page },
  empty: { kind: "replace", contentType: undefined, body: "" },
  reset: { kind: "reset" },
  "slow-first-token": { kind: "delay", firstTokenMs: slowFirstTokenMs },
  malformed: { kind: "break", how: "malformed", afterTokens: 0 },
  "cut-stream": { kind: "break", how: "cut", afterTokens: someTokens },
  stall: { kind: "break", how: "stall", afterTokens: someTokens },
  "error-event": { kind: "break", how: "error-event", afterTokens: someTokens },
};
