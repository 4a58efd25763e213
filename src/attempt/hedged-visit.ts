import { failureRules } from "../routing/failure-rules.ts";
import type { Hedging } from "./hedging.ts";
import type { OngoingAttempt } from "./ongoing-attempt.ts";
import type { Granted } from "./plan-run.ts";
import { type Visit, type Visited, visitCandidate } from "./visit-candidate.ts";
import { wait } from "./wait.ts";

/** One of the visits that race for a call. */
interface Runner<T> {
  readonly granted: Granted;
  /** Its attempt under way. */
  readonly attempt: () => OngoingAttempt | undefined;
  readonly visited: Promise<Visited<T>>;
}

/**
 * Visits a candidate and, where hedging is on and it stays silent too long, a second one beside it. The first
 * answer, or first content, wins; the loser is ended at once and accounted. Where both fail, the run hears of the one
 * that failed first; the other is what comes of the visit.
 */
export function visitHedged<T>(visit: Unhedged<T>, hedging: Hedging | undefined): Promise<Visited<T>> {
  return hedging === undefined ? visitCandidate(visit) : raceVisits(visit, hedging);
}

type Unhedged<T> = Omit<Visit<T>, "hedgeOf" | "onStart" | "claim">;

async function raceVisits<T>(visit: Unhedged<T>, hedging: Hedging): Promise<Visited<T>> {
  const { run, granted } = visit;
  let winner: Granted | undefined;
  const race = (mine: Granted, hedgeOf?: OngoingAttempt): Runner<T> => {
    let attempt: OngoingAttempt | undefined;
    const visited = visitCandidate({
      ...visit,
      granted: mine,
      hedgeOf: hedgeOf?.span,
      claim: () => (winner ??= mine) === mine,
      onStart: (started) => {
        attempt = started;
      },
    });
    // Whoever awaits it hears of a bug; the slower of two may have nobody left to await it.
    visited.catch(() => undefined);
    return { granted: mine, attempt: () => attempt, visited };
  };

  const first = race(granted);
  const second = await hedgeOf(visit, hedging, first, race);
  if (second === undefined) return first.visited;

  const [fastest, other] = await firstOf(first, second);
  const result = await fastest.visited;
  // Who claimed in the same tick has the answer, though it settles a little later: a refusal must not drop it.
  const decided =
    result.kind === "won" || (winner === undefined && failureRules[result.failure.kind].next === "give-up");
  if (decided) {
    other.attempt()?.abandon();
    // The answer of a unary call tells of the loser too; a stream must not wait for it.
    if (!visit.attempts.stream) await other.visited;
    return result;
  }
  run.failed(result.candidate, result.failure);
  return other.visited;
}

/** The hedge, once the first has been silent for too long; undefined where it was not, or none may run. */
async function hedgeOf<T>(
  { options, call, run }: Pick<Visit<T>, "options" | "call" | "run">,
  hedging: Hedging,
  first: Runner<T>,
  race: (mine: Granted, hedgeOf?: OngoingAttempt) => Runner<T>,
): Promise<Runner<T> | undefined> {
  const over = new AbortController();
  void first.visited.finally(() => over.abort()).catch(() => undefined);
  const delayMs = hedging.delayMs(first.granted.candidate.deployment.id);
  await wait(delayMs, options.setTimer, [over.signal, call.signal, options.draining]);
  if (over.signal.aborted || call.signal.aborted || options.draining.aborted) return undefined;
  const granted = run.hedge(() => hedging.afford(call));
  return granted && race(granted, first.attempt());
}

async function firstOf<T>(a: Runner<T>, b: Runner<T>): Promise<readonly [Runner<T>, Runner<T>]> {
  const order: readonly [Runner<T>, Runner<T>][] = [
    [a, b],
    [b, a],
  ];
  return Promise.race(order.map((pair) => pair[0].visited.then(() => pair)));
}
