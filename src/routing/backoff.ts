/** The policy of `retry` in the config that waits are drawn from. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  readonly jitter: "full" | "equal" | "none";
}

/** Below this a wait is no wait: it would only add a turn of the loop. */
const shortestWaitMs = 50;

/**
 * Wait before round `round` of a call, in milliseconds, within [50, capMs]. The nominal wait doubles
 * from baseMs: 1, 2, 4 … 60 s as shipped. Full jitter draws uniformly below the nominal one.
 * @param round 1 for the wait after the first pass over the candidates
 * @param random uniform in [0, 1)
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(policy: BackoffPolicy, round: number, random: number): number {
  const nominal = nominalBackoffMs(policy, round);
  return Math.max(Math.min(shortestWaitMs, policy.capMs), jittered(policy.jitter, nominal, random));
}

/** The wait before jitter: min(capMs, baseMs · 2^(round − 1)). */
export function nominalBackoffMs(
  { baseMs, capMs }: Pick<BackoffPolicy, "baseMs" | "capMs">,
  round: number,
): number {
  // 2 ** 1024 is Infinity, which min() turns into the cap: no round is too late.
  return Math.min(capMs, baseMs * 2 ** (round - 1));
}

function jittered(jitter: BackoffPolicy["jitter"], nominal: number, random: number): number {
  switch (jitter) {
    case "full":
      return random * nominal;
    case "equal":
      return nominal / 2 + (random * nominal) / 2;
    case "none":
      return nominal;
  }
}
