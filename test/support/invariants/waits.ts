import type { FailureKind } from "../../../src/routing/failure.ts";
import { judged } from "./attempt-limits.ts";
import { type Invariant, nameOf, nameOfRequest, roundingMs } from "./invariant.ts";
import { isBefore, type RequestRecord, type WaitRecord } from "./run-record.ts";
import type { WorldSettings } from "./world-settings.ts";

/** When calls wait, and for how long. */
export const waits: readonly Invariant[] = [
  {
    number: 14,
    says: "a wait lies in the envelope of its jitter, is waited out, and no shorter than Retry-After",
    *breaches({ calls, settings, requests }) {
      for (const call of calls) {
        for (const [index, wait] of call.waits.entries()) {
          const { when, ms } = wait;
          const problem = outOfEnvelope(wait, index + 1, settings);
          if (problem !== undefined) yield `${nameOf(call)} waits ${ms} ms at ${when.at}: ${problem}`;
          const next = call.requests.find(({ began }) => isBefore(when, began));
          if (next !== undefined && next.began.at < when.at + ms - roundingMs)
            yield `${nameOf(call)} waits ${ms} ms at ${when.at}, and sends at ${next.began.at}`;
        }
      }
      for (const request of requests) {
        const until = restUntil(request);
        if (until === undefined) continue;
        const early = requests.find(
          (each) =>
            // At the same instant nobody need have heard of it yet.
            each.began.at > request.ended!.at &&
            each.began.at < until - roundingMs &&
            isSameTarget(each, request),
        );
        if (early !== undefined)
          yield `${nameOfRequest(early)} comes before ${until}, as ${nameOfRequest(request)} was told`;
      }
    },
  },
  {
    number: 15,
    says: "nobody waits for longer than a minute on an upstream's word",
    *breaches({ calls }) {
      for (const call of calls)
        for (const { when, ms, soonestMs } of call.waits)
          if (soonestMs > 60_000 || ms > 72_000)
            yield `${nameOf(call)} waits ${ms} ms at ${when.at} for what is ready in ${soonestMs} ms`;
    },
  },
];

function outOfEnvelope(
  { ms, why, soonestMs }: WaitRecord,
  round: number,
  { retry }: WorldSettings,
): string | undefined {
  const nominal = Math.min(60_000, 1000 * 2 ** (round - 1));
  const lowest = { full: 50, equal: nominal / 2, none: nominal }[retry.jitter];
  if (ms < lowest - roundingMs) return `less than ${lowest}`;
  if (ms < soonestMs - roundingMs) return `nobody is ready for ${soonestMs}`;
  const longest = why === "retry-after" ? 72_000 : nominal;
  return ms > longest + roundingMs ? `more than ${longest}` : undefined;
}

/** No upstream's word takes a deployment away for longer. */
const longestHoldMs = 300_000;

/** Until when whoever sent this was told to leave its target alone. */
function restUntil(request: RequestRecord): number | undefined {
  const kind = judged(request);
  const { ended, failure } = request;
  const told = failure?.retryAfterMs;
  if (ended === undefined || told === undefined || kind === undefined || kind !== failure?.kind)
    return undefined;
  if (kind === "rate-limited") return ended.at + told;
  return restingKinds.has(kind) ? ended.at + Math.min(told, longestHoldMs) : undefined;
}

/** A deployment that says so of itself rests as a whole; of a key, it is that key's rest. */
const restingKinds: ReadonlySet<FailureKind> = new Set(["overloaded", "server-error", "conflict", "timeout"]);

function isSameTarget(one: RequestRecord, other: RequestRecord): boolean {
  if (one.deployment !== other.deployment) return false;
  return judged(other) !== "rate-limited" || one.secret === other.secret;
}
