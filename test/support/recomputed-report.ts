import type { AttemptRecord } from "../../src/ledger/ledger.ts";
import type { ReportRow, ReportRows, ReportWindow } from "../../src/ledger/report-rows.ts";

const refused = new Set(["invalid-request", "request-too-large", "context-too-long", "content-filtered"]);

/**
 * What the stores should say of these records, computed from them one by one and without any SQL: the definitions of
 * the report, written a second time.
 */
export function recomputedRows(records: readonly AttemptRecord[], window: ReportWindow): ReportRows {
  const inside = records.filter(({ calledAt }) => calledAt >= window.from && calledAt < window.to);
  return {
    arms: rowsBy(inside, ({ compared, arm }) => (compared ? arm : "none")),
    models: rowsBy(inside, ({ model }) => model),
  };
}

function rowsBy(
  records: readonly AttemptRecord[],
  subjectOf: (record: AttemptRecord) => string,
): readonly ReportRow[] {
  const bySubject = Map.groupBy(records, subjectOf);
  return [...bySubject.keys()]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((subject) => rowOf(subject, bySubject.get(subject)!));
}

function rowOf(subject: string, records: readonly AttemptRecord[]): ReportRow {
  const calls = [...Map.groupBy(records, ({ decisionId }) => decisionId).values()].map(callOf);
  const answered = calls.filter(({ verdict }) => verdict === "answered");
  const latencies = answered.map(({ latencyUs }) => latencyUs).toSorted((a, b) => a - b);
  const made = records.filter(({ number }) => number > 0);
  const calledWith = (verdict: string) => BigInt(calls.filter((call) => call.verdict === verdict).length);
  const attemptedWith = (verdict: string) =>
    BigInt(made.filter((each) => verdictOf(each) === verdict).length);
  const sum = (of: (record: AttemptRecord) => number) =>
    BigInt(records.reduce((all, each) => all + of(each), 0));
  const p95 = latencies[Math.ceil(latencies.length * 0.95) - 1];
  return {
    subject,
    requests: BigInt(calls.filter(({ verdict }) => verdict !== "lost").length),
    answered: calledWith("answered"),
    rescued: BigInt(answered.filter((call) => call.rescued).length),
    cancelled: calledWith("cancelled"),
    refused: calledWith("refused"),
    failed: calledWith("failed"),
    latencySumUs: BigInt(latencies.reduce((all, each) => all + each, 0)),
    latencyP95Us: p95 === undefined ? undefined : BigInt(p95),
    attempts: BigInt(made.length),
    attemptsSucceeded: attemptedWith("answered"),
    attemptsFailed: attemptedWith("failed"),
    attemptsUnpriced: BigInt(
      records.filter(({ costNanos, tokens }) => costNanos === undefined && tokens.input + tokens.output > 0)
        .length,
    ),
    attemptsEstimated: BigInt(records.filter(({ tokens }) => tokens.estimated).length),
    inputTokens: sum(({ tokens }) => tokens.input),
    cachedInputTokens: sum(({ tokens }) => tokens.cachedInput),
    outputTokens: sum(({ tokens }) => tokens.output),
    costNanos: records.reduce((all, { costNanos }) => all + (costNanos ?? 0n), 0n),
  };
}

interface Call {
  readonly verdict: string;
  readonly rescued: boolean;
  readonly latencyUs: number;
}

function callOf(records: readonly AttemptRecord[]): Call {
  const inOrder = records.toSorted((a, b) => endOf(a) - endOf(b) || a.number - b.number);
  const deciding =
    inOrder.findLast(({ outcome }) => outcome === "succeeded") ??
    inOrder.findLast(({ outcome }) => outcome !== "hedge-lost") ??
    inOrder.at(-1)!;
  const verdicts = records.map(verdictOf);
  const letDown = verdicts.includes("failed") || !verdicts.includes("refused");
  return {
    verdict: verdictOf(deciding),
    rescued: deciding.rescue && letDown,
    latencyUs: endOf(deciding) - Math.min(...records.map(({ startedAt }) => startedAt * 1000)),
  };
}

function verdictOf({ outcome, failure }: AttemptRecord): string {
  if (outcome === "succeeded") return "answered";
  if (outcome === "hedge-lost") return "lost";
  if (failure === "cancelled") return "cancelled";
  return refused.has(String(failure)) ? "refused" : "failed";
}

function endOf({ startedAt, latencyMs }: AttemptRecord): number {
  return startedAt * 1000 + Math.round(latencyMs * 1000);
}
