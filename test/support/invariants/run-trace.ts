import type { RunRecord } from "./run-record.ts";

/** A run as lines: what was asked of whom, when, and what each call came to. */
export function traceOf({ calls, requests, breakers }: RunRecord): readonly string[] {
  return [
    ...requests.map(
      ({ call, number, deployment, secret, began, ended, aborted, failure }) =>
        `${began.order} ${began.at} request ${call.number}.${number} ${deployment.id} ${secret}: ` +
        `${ended?.at} ${aborted?.at} ${failure?.kind}`,
    ),
    ...calls.flatMap(({ number, waits, skips, statuses, entries }) => [
      ...waits.map(({ when, ms, why }) => `${when.order} ${when.at} call ${number} waits ${ms} ms: ${why}`),
      ...skips.map(
        ({ when, deployment, why }) => `${when.order} call ${number} skips ${deployment.id}: ${why}`,
      ),
      ...entries.map(
        ({ number: attempt, outcome, cost, latencyMs }) =>
          `call ${number} attempt ${attempt}: ${outcome}, ${latencyMs} ms, ${cost?.nanos} nano-USD`,
      ),
      ...statuses.map(
        ({ when, status }) =>
          `${when.order} ${when.at} call ${number} ends: ` +
          (status.kind === "ok" ? status.text : `${status.failure.kind} ${status.failure.retryAfterMs}`),
      ),
    ]),
    ...[...breakers.values()].flatMap(({ name, log }) => log.map((line) => `${name} ${line}`)),
  ];
}
