import type { FailureKind } from "../routing/failure.ts";

/** An error code of an upstream that we know: what leaves the gateway is this spelling, never the upstream's. */
export interface UpstreamCode {
  readonly code: string;
  readonly kind: FailureKind;
  /** It says no more than its status does: any other code beside it is the better one. */
  readonly general: boolean;
}

type CodesOf = Readonly<Partial<Record<FailureKind, readonly string[]>>>;

const specific: CodesOf = {
  "context-too-long": [
    "context_length_exceeded",
    "context_window_exceeded",
    "model_max_prompt_tokens_exceeded",
    "max_tokens_exceeded",
    "prompt_too_long",
    "input_too_long",
  ],
  "content-filtered": [
    "content_filter",
    "content_policy_violation",
    "ResponsibleAIPolicyViolation",
    "moderation_blocked",
    "data_inspection_failed",
    "guardrail_intervened",
    "sensitive_words_detected",
    "SAFETY",
    "PROHIBITED_CONTENT",
  ],
  "quota-exhausted": [
    "insufficient_quota",
    "insufficient_user_quota",
    "quota_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "credit_balance_too_low",
    "insufficient_balance",
    "insufficient_credits",
    "usage_limit_reached",
    "account_deactivated",
    "Arrearage",
  ],
  "rate-limited": [
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limited",
    "too_many_requests",
    "tokens_limit_exceeded",
    "RESOURCE_EXHAUSTED",
    "Throttling",
  ],
  unauthorized: [
    "invalid_api_key",
    "authentication_error",
    "invalid_authentication",
    "unauthorized",
    "UNAUTHENTICATED",
    "API_KEY_INVALID",
    "account_disabled",
    "token_expired",
  ],
  forbidden: ["permission_error", "permission_denied", "access_denied", "forbidden", "model_not_allowed"],
  "model-missing": [
    "model_not_found",
    "model_not_available",
    "model_not_exist",
    "invalid_model",
    "unknown_model",
    "DeploymentNotFound",
    "not_found_error",
    "NOT_FOUND",
  ],
  "request-too-large": ["request_too_large", "payload_too_large"],
  overloaded: [
    "overloaded_error",
    "overloaded",
    "server_overloaded",
    "engine_overloaded",
    "service_unavailable",
    "service_unavailable_error",
    "model_overloaded",
    "no_capacity",
    "capacity_exceeded",
    "UNAVAILABLE",
  ],
  timeout: ["timeout", "timeout_error", "request_timeout", "gateway_timeout", "DEADLINE_EXCEEDED"],
  conflict: ["conflict", "conflict_error", "ABORTED"],
};

const general: CodesOf = {
  "invalid-request": [
    "invalid_request_error",
    "invalid_request",
    "invalid_value",
    "invalid_type",
    "invalid_parameter",
    "missing_required_parameter",
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "bad_request",
    "BadRequestError",
    "validation_error",
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
  ],
  "server-error": [
    "server_error",
    "internal_error",
    "internal_server_error",
    "api_error",
    "bad_gateway",
    "upstream_error",
    "provider_error",
    "INTERNAL",
    "UNKNOWN",
  ],
};

function listed(codes: CodesOf, isGeneral: boolean): [string, UpstreamCode][] {
  return Object.entries(codes).flatMap(([kind, names]) =>
    names.map((code): [string, UpstreamCode] => [
      toKey(code),
      { code, kind: kind as FailureKind, general: isGeneral },
    ]),
  );
}

/** Upper and lower case, hyphens, dots and blanks are written as anybody likes. */
function toKey(word: string): string {
  return word.trim().toLowerCase().replaceAll(/[-. ]/g, "_");
}

const known: ReadonlyMap<string, UpstreamCode> = new Map([
  ...listed(general, true),
  ...listed(specific, false),
]);

/** The entry of the fixed list for an upstream's word; undefined for any other. */
export function findUpstreamCode(word: string): UpstreamCode | undefined {
  return word.length > 64 ? undefined : known.get(toKey(word));
}
