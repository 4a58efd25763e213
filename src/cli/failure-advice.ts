import type { FailureKind } from "../routing/failure.ts";

/** What whoever runs the gateway can do about an upstream that fails so. */
export const failureAdvice: Readonly<Record<FailureKind, string>> = {
  "invalid-request":
    "it answers, but refuses a plain request: check the model's name there (`upstreamModel`)",
  "request-too-large": "it refuses a request of a few bytes: check that baseUrl is its API",
  "context-too-long": "it refuses a prompt of one word: check the model's name there (`upstreamModel`)",
  "content-filtered": "its filter refuses a plain greeting: ask its operator about the account",
  "rate-limited": "wait, or add a second key to the upstream",
  "quota-exhausted": "top up the account of this key, or replace the key",
  unauthorized: "the key is refused: set a valid one, from the console of the upstream",
  forbidden: "the key may not use this model: allow it in the console of the upstream, or use another key",
  "model-missing":
    "it does not know the path or the model: check that baseUrl is its API, most end in /v1; " +
    "then correct `upstreamModel`, or take the upstream from the model's list",
  redirected: "it redirects, which is never followed: set baseUrl to where it redirects",
  overloaded: "it has no room now: try again later",
  "server-error": "it fails by itself: try again later, and look at its status page",
  conflict: "try again",
  unreachable: "check baseUrl, DNS, the network, proxies and firewalls",
  "connection-lost":
    "it closed the connection without an answer: check baseUrl and its scheme (http or https)",
  "stale-connection": "try again",
  timeout: "it takes too long: try again, and check the network and its status page",
  "bad-response": "what answers there is no OpenAI-compatible API: check baseUrl, most end in /v1",
  "stream-broken": "try again",
  cancelled: "it takes too long: try again, and check the network and its status page",
  "deadline-exceeded": "it takes too long: try again, and check the network and its status page",
  draining: "try again",
  local: "this machine is short of something: check open files (`ulimit -n`) and memory",
};
