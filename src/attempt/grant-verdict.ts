import { failureRules, modelMissingTripMs } from "../routing/failure-rules.ts";
import type { Failure, FailureKind } from "../routing/failure.ts";
import type { GrantVerdict } from "./grant.ts";

/** What an answer, whole or not, says of who gave it. */
export const successVerdict: GrantVerdict = { breaker: "success", upstreamBreaker: "success", limiter: "ok" };

/** Says nothing: a limit of the caller's own ran out, or the caller left. */
export const silentVerdict: GrantVerdict = { breaker: "ignore", upstreamBreaker: "ignore", limiter: "other" };

/** A deployment that answers a probe with "not now" is alive, though it says nothing about a closed breaker's window. */
const alive: ReadonlySet<FailureKind> = new Set(["rate-limited", "quota-exhausted"]);

/** What a failed attempt says of its deployment and its upstream. */
export function failureVerdict({ kind }: Failure): GrantVerdict {
  const { breaker, upstreamBreaker, limiter } = failureRules[kind];
  if (breaker === "trip") return { breaker: { trip: modelMissingTripMs }, upstreamBreaker, limiter };
  if (alive.has(kind)) return { breaker: "success-if-probe", upstreamBreaker, limiter };
  return { breaker, upstreamBreaker, limiter };
}

/** After content nothing is ignored but the caller's own doing: an answer that breaks off is the deployment's failure. */
export const brokenStreamVerdict: GrantVerdict = {
  breaker: "late-failure",
  upstreamBreaker: "ignore",
  limiter: "other",
};
