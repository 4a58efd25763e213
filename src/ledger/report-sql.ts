import { failureRules } from "../routing/failure-rules.ts";
import type { ReportRow } from "./report-rows.ts";

// What an upstream answered, and refused for what the caller asked. Names of our own closed set: nothing to escape.
const refusedKinds = Object.entries(failureRules)
  .filter(([, { breaker }]) => breaker === "success")
  .map(([kind]) => `'${kind}'`)
  .join(", ");

/**
 * One row for each subject, in the SQL that both stores share; `$1` and `$2` are the window. An attempt has a verdict.
 * A call's is that of its deciding attempt: the one that answered, else the last one that lost no hedge. A call that
 * moved on because it was refused alone, to a model with a larger window, had to be rescued from nothing.
 */
function reportSql(subject: string): string {
  return `
    WITH judged AS (
      SELECT *, ${subject} AS subject, started_us + latency_us AS ended_us,
        CASE
          WHEN outcome = 'succeeded' THEN 'answered'
          WHEN outcome = 'hedge-lost' THEN 'lost'
          WHEN failure = 'cancelled' THEN 'cancelled'
          WHEN failure IN (${refusedKinds}) THEN 'refused'
          ELSE 'failed'
        END AS verdict
      FROM switchyard_attempts
      WHERE called_ms >= $1 AND called_ms < $2
    ), ordered AS (
      SELECT *,
        ROW_NUMBER() OVER (
          PARTITION BY subject, decision_id
          ORDER BY CASE verdict WHEN 'answered' THEN 0 WHEN 'lost' THEN 2 ELSE 1 END, ended_us DESC, number DESC
        ) AS place
      FROM judged
    ), calls AS (
      SELECT subject, decision_id,
        MAX(CASE place WHEN 1 THEN verdict END) AS verdict,
        MAX(CASE place WHEN 1 THEN rescue END) AS rescue,
        MAX(CASE place WHEN 1 THEN ended_us END) - MIN(started_us) AS latency_us,
        SUM(CASE verdict WHEN 'refused' THEN 1 ELSE 0 END) AS refusals,
        SUM(CASE verdict WHEN 'failed' THEN 1 ELSE 0 END) AS faults,
        SUM(CASE WHEN number > 0 THEN 1 ELSE 0 END) AS attempts,
        SUM(CASE WHEN number > 0 AND verdict = 'answered' THEN 1 ELSE 0 END) AS attempts_succeeded,
        SUM(CASE WHEN number > 0 AND verdict = 'failed' THEN 1 ELSE 0 END) AS attempts_failed,
        SUM(CASE WHEN cost_nanos IS NULL AND input_tokens + output_tokens > 0 THEN 1 ELSE 0 END)
          AS attempts_unpriced,
        SUM(tokens_estimated) AS attempts_estimated,
        SUM(input_tokens) AS input_tokens,
        SUM(cached_input_tokens) AS cached_input_tokens,
        SUM(output_tokens) AS output_tokens,
        SUM(COALESCE(cost_nanos, 0)) AS cost_nanos
      FROM ordered
      GROUP BY subject, decision_id
    ), ranked AS (
      SELECT *,
        ROW_NUMBER() OVER (PARTITION BY subject, verdict ORDER BY latency_us) AS place,
        COUNT(*) OVER (PARTITION BY subject, verdict) AS peers
      FROM calls
    )
    SELECT subject,
      SUM(CASE WHEN verdict <> 'lost' THEN 1 ELSE 0 END) AS requests,
      SUM(CASE verdict WHEN 'answered' THEN 1 ELSE 0 END) AS answered,
      SUM(CASE WHEN verdict = 'answered' AND (faults > 0 OR refusals = 0) THEN rescue ELSE 0 END) AS rescued,
      SUM(CASE verdict WHEN 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
      SUM(CASE verdict WHEN 'refused' THEN 1 ELSE 0 END) AS refused,
      SUM(CASE verdict WHEN 'failed' THEN 1 ELSE 0 END) AS failed,
      SUM(CASE verdict WHEN 'answered' THEN latency_us ELSE 0 END) AS latency_sum_us,
      MAX(CASE WHEN verdict = 'answered' AND place = (peers * 95 + 99) / 100 THEN latency_us END)
        AS latency_p95_us,
      SUM(attempts) AS attempts,
      SUM(attempts_succeeded) AS attempts_succeeded,
      SUM(attempts_failed) AS attempts_failed,
      SUM(attempts_unpriced) AS attempts_unpriced,
      SUM(attempts_estimated) AS attempts_estimated,
      SUM(input_tokens) AS input_tokens,
      SUM(cached_input_tokens) AS cached_input_tokens,
      SUM(output_tokens) AS output_tokens,
      SUM(cost_nanos) AS cost_nanos
    FROM ranked
    GROUP BY subject
    ORDER BY subject`;
}

/** Calls by the arm that they count for; `none` for those that are not compared. */
export const armReportSql = reportSql("CASE compared WHEN 1 THEN arm ELSE 'none' END");

/** Calls by model. One that tried several is in the row of each, with what it did there. */
export const modelReportSql = reportSql("model");

/** A row as a driver gives it: its sums as numbers, big integers or decimal texts. */
export function reportRow(raw: Readonly<Record<string, unknown>>): ReportRow {
  const sum = (column: string): bigint => BigInt(String(raw[column]));
  return {
    subject: String(raw["subject"]),
    requests: sum("requests"),
    answered: sum("answered"),
    rescued: sum("rescued"),
    cancelled: sum("cancelled"),
    refused: sum("refused"),
    failed: sum("failed"),
    latencySumUs: sum("latency_sum_us"),
    latencyP95Us: raw["latency_p95_us"] === null ? undefined : sum("latency_p95_us"),
    attempts: sum("attempts"),
    attemptsSucceeded: sum("attempts_succeeded"),
    attemptsFailed: sum("attempts_failed"),
    attemptsUnpriced: sum("attempts_unpriced"),
    attemptsEstimated: sum("attempts_estimated"),
    inputTokens: sum("input_tokens"),
    cachedInputTokens: sum("cached_input_tokens"),
    outputTokens: sum("output_tokens"),
    costNanos: sum("cost_nanos"),
  };
}
