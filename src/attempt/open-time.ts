import type { BreakerConfig } from "../config/config.ts";

/** The share of the open time that chance may add, so that replicas do not probe together. */
const jitterShare = 0.2;

/**
 * How long a breaker stays open, in milliseconds, within [openMs, maxOpenMs]: doubled with each failed probe.
 * Jitter lengthens what lies below the cap and shortens the cap itself, never the other way: with 25 s as the
 * cap the next probe is at most 25 s away, which leaves it 5 s to bring a recovered upstream back within 30.
 * Does not fall while `failedProbes` grows and `chance` stays, which is why an outage draws chance once.
 * @param failedProbes since it was last closed
 * @param chance uniform in [0, 1)
 */
export function openTimeMs(
  { openMs, maxOpenMs }: BreakerConfig,
  failedProbes: number,
  chance: number,
): number {
  const jitter = jitterShare * chance;
  const grown = openMs * 2 ** failedProbes * (1 + jitter);
  return Math.max(openMs, Math.min(grown, maxOpenMs * (1 - jitterShare + jitter)));
}
