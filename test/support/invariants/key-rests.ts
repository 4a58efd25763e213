import { type Invariant, roundingMs } from "./invariant.ts";
import { isBefore, type LeaseRecord, type Moment } from "./run-record.ts";

/** How keys rest. */
export const keyRests: readonly Invariant[] = [
  {
    number: 17,
    says: "a key that an upstream refused is not used before its time, and then by one call at a time",
    *breaches({ leases }) {
      for (const [, group] of Map.groupBy(leases, keyOf)) {
        const refusals = countedRefusals(group);
        for (const lease of group) {
          const { picked, secret, upstream, upstreamModel } = lease;
          for (const refusal of refusals) {
            if (!isBefore(refusal.when, picked)) continue;
            if (refusal.model !== undefined && refusal.model !== upstreamModel) continue;
            if (picked.at < refusal.when.at + refusal.leastMs - roundingMs)
              yield `${secret} of ${upstream} is used for ${upstreamModel} at ${picked.at}, and was ${refusal.kind} at ${refusal.when.at} for ${refusal.leastMs} ms`;
          }
        }
        yield* crowdedProbes(group, refusals);
      }
    },
  },
  {
    number: 30,
    says: "a call keeps the keys that it has when others take their place, and nobody picks an old one",
    *breaches({ leases }) {
      for (const { upstream, picked, secret, isCurrent, settlements } of leases) {
        if (!isCurrent) yield `${secret} of ${upstream} is picked at ${picked.at} though it was replaced`;
        if (settlements.length !== 1)
          yield `${secret} of ${upstream} was settled ${settlements.length} times`;
      }
    },
  },
];

interface CountedRefusal {
  readonly kind: string;
  readonly when: Moment;
  /** Undefined: for all. */
  readonly model: string | undefined;
  readonly leastMs: number;
  /** Its picks were refused in a row: only one call may find out whether they still are. */
  readonly suspects: boolean;
}

function keyOf({ upstream, secret }: LeaseRecord): string {
  return `${upstream} ${secret}`;
}

/**
 * What is sure of each refusal: calls that were under way together and bring no word of the upstream's add nothing
 * to the first of them.
 */
function countedRefusals(group: readonly LeaseRecord[]): readonly CountedRefusal[] {
  const settled = group
    .flatMap((lease) => lease.settlements.map((settlement) => ({ lease, ...settlement })))
    .toSorted((a, b) => a.when.order - b.when.order);
  const counted: CountedRefusal[] = [];
  const last = new Map<string, Moment>();
  for (const { lease, when, failure } of settled) {
    const rule = failure && leastMs(failure.kind, failure.retryAfterMs);
    if (failure === undefined || rule === undefined) continue;
    const model = rule.wholeKey ? undefined : lease.upstreamModel;
    const scope = `${failure.kind} ${model}`;
    const together = isBefore(lease.picked, last.get(scope) ?? { at: 0, order: -1 });
    if (!together) last.set(scope, when);
    const ms = together ? (rule.hintMs ?? 0) : rule.ms;
    counted.push({ kind: failure.kind, when, model, leastMs: ms, suspects: rule.suspects && !together });
  }
  return counted;
}

/** Restated from the design: the least that a key rests. */
function leastMs(kind: string, hintMs: number | undefined) {
  switch (kind) {
    case "rate-limited":
      // A second, of which jitter may take half.
      return { ms: hintMs ?? 500, hintMs, wholeKey: false, suspects: false };
    case "quota-exhausted":
      return { ms: hintMs ?? 3_600_000, hintMs, wholeKey: true, suspects: true };
    case "unauthorized":
      return { ms: 60_000, hintMs: undefined, wholeKey: true, suspects: true };
    case "forbidden":
      return { ms: 60_000, hintMs: undefined, wholeKey: false, suspects: true };
    default:
      return undefined;
  }
}

/** Until a refused key is accepted again, one call at a time tries it. */
function* crowdedProbes(
  group: readonly LeaseRecord[],
  refusals: readonly CountedRefusal[],
): Generator<string> {
  for (const { when, model, suspects } of refusals) {
    if (!suspects) continue;
    const later = group.filter(
      ({ picked, upstreamModel }) =>
        isBefore(when, picked) && (model === undefined || model === upstreamModel),
    );
    const accepted = later.find(({ settlements }) =>
      settlements.some(({ failure }) => isAccepted(failure?.kind)),
    );
    const until = accepted?.settlements[0]?.when;
    for (const [index, lease] of later.entries()) {
      const before = later[index - 1];
      if (before === undefined || (until !== undefined && isBefore(until, lease.picked))) continue;
      if (!isBefore(before.settlements[0]?.when, lease.picked))
        yield `${lease.secret} of ${lease.upstream} is tried by two calls at ${lease.picked.at}`;
    }
  }
}

function isAccepted(kind: string | undefined): boolean {
  switch (kind) {
    case undefined:
    case "invalid-request":
    case "request-too-large":
    case "context-too-long":
    case "content-filtered":
      return true;
    default:
      return false;
  }
}
