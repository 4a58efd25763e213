/** What a caller can do about an error, by `ErrorInfo.reason`; the README's error table says the same. */
const adviceByReason: ReadonlyMap<string, string> = new Map([
  ["INVALID_REQUEST", "change the fields named above; sending the same request again fails again"],
  ["UNAUTHENTICATED", "send the caller's credentials"],
  ["PERMISSION_DENIED", "ask those who run the gateway for the permission"],
  ["MODEL_NOT_FOUND", "name one of the models that `switchyard models` lists"],
  ["CONTEXT_LENGTH_EXCEEDED", "shorten the conversation, or name a model with a larger context window"],
  ["REQUEST_TOO_LARGE", "send less: `limits.maxRequestBytes` bounds a request, an upstream may take less"],
  ["CONTENT_FILTERED", "change the content; another model is asked only with `on_content_filter`"],
  ["UNSUPPORTED_CAPABILITY", "name a model that can do it: `switchyard models --json` shows what each can"],
  ["CALLER_RATE_LIMITED", "send fewer requests; wait as long as the error says"],
  ["CALLER_QUOTA_EXHAUSTED", "the caller's budget is spent: wait for its next period, or have it raised"],
  ["GATEWAY_OVERLOADED", "try again after the time the error says; the gateway has no room now"],
  ["GATEWAY_DRAINING", "try again: this gateway is stopping, another or the next one answers"],
  ["UPSTREAM_RATE_LIMITED", "try again later, allow a fallback, or add a key to the upstream"],
  ["UPSTREAM_QUOTA_EXHAUSTED", "whoever runs the gateway must top up the upstream's account or add a key"],
  ["UPSTREAM_AUTH", "whoever runs the gateway must replace the upstream's key: `switchyard doctor` names it"],
  ["UPSTREAM_OVERLOADED", "try again later, or allow a fallback"],
  ["UPSTREAM_SERVER_ERROR", "try again later, or allow a fallback"],
  ["UPSTREAM_UNREACHABLE", "check the network and the upstream's baseUrl: `switchyard doctor` tries each"],
  ["UPSTREAM_TIMEOUT", "try again, give it more time, or name a faster model"],
  ["UPSTREAM_STREAM_BROKEN", "send it again; with `stream_restart` the gateway does so by itself"],
  ["UPSTREAM_BAD_RESPONSE", "try again, or name another model; `switchyard doctor` tries each upstream"],
  ["UPSTREAM_CONFLICT", "try again"],
  ["NO_DEPLOYMENT_AVAILABLE", "wait as long as the error says; `switchyard status` shows what is open"],
  ["DEADLINE_EXCEEDED", "give the call more time, or name a faster model"],
]);

/** Undefined for a reason that only a newer gateway knows. */
export function adviceFor(reason: string): string | undefined {
  return adviceByReason.get(reason);
}
