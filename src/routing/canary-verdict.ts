/** Why a canary is given up. Each rule is a case of its own, and carries what it saw. */
export type RollbackReason =
  /** It fails more often than stable may be taken to. */
  | {
      readonly kind: "errors";
      readonly calls: number;
      readonly failures: number;
      /** Failure rate up to which it would have counted as no worse. */
      readonly tolerated: number;
    }
  /** A breaker of it has not closed for a while, `model@upstream` or an upstream. */
  | { readonly kind: "breaker-open"; readonly breaker: string; readonly ms: number }
  /** Nobody can connect to it. */
  | { readonly kind: "unreachable"; readonly failures: number }
  /** Its first tokens come late, this many times stable's time. */
  | { readonly kind: "slow"; readonly ratio: number }
  /** Its calls cost this many times what they cost at stable. */
  | { readonly kind: "dear"; readonly ratio: number }
  /** What was decided before the restart cannot be read: it may have been given up. */
  | { readonly kind: "state-lost" };

/** The rule as metrics, spans and the saved state name it. */
export type RollbackRule = RollbackReason["kind"];

export const rollbackRules: readonly RollbackRule[] = [
  "errors",
  "breaker-open",
  "unreachable",
  "slow",
  "dear",
  "state-lost",
];

/** The reason in a sentence for those who operate. */
export function rollbackSentence(reason: RollbackReason): string {
  switch (reason.kind) {
    case "errors": {
      const { calls, failures, tolerated } = reason;
      return `${failures} of ${calls} canary calls failed, where up to ${percent(tolerated)} would be no worse than stable`;
    }
    case "breaker-open":
      return `the breaker ${reason.breaker} has not closed for ${Math.round(reason.ms / 1000)} s`;
    case "unreachable":
      return `${reason.failures} connections to the canary in a row failed`;
    case "slow":
      return `the canary's first tokens took ${reason.ratio.toFixed(2)} times stable's time`;
    case "dear":
      return `a canary call cost ${reason.ratio.toFixed(2)} times as much as at stable`;
    case "state-lost":
      return "the saved state of the canary cannot be read, and it may have been rolled back";
  }
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
