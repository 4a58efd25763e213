import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Attempt, RouteDecision } from "../../gen/switchyard/v1/routing_pb.ts";
import {
  AttemptOutcome,
  AttemptOutcomeSchema,
  ErrorReasonSchema,
  RouteReasonSchema,
  SkipReasonSchema,
} from "../../gen/switchyard/v1/routing_pb.ts";
import { formatDuration } from "./duration.ts";
import { formatTable } from "./table.ts";
import { enumName, enumWords } from "./words.ts";

/** The attempts of a decision, one a line, skipped candidates included: which, why, and how it ended. */
export function formatTrail(route: RouteDecision, indent: string): string {
  return formatTable(route.attempts.map(attemptRow), indent);
}

/** `2, 1 candidate skipped`. */
export function formatAttemptCount(route: RouteDecision): string {
  const skipped = route.attempts.filter(({ outcome }) => outcome === AttemptOutcome.SKIPPED).length;
  if (skipped === 0) return `${route.attemptCount}`;
  return `${route.attemptCount}, ${skipped} candidate${skipped === 1 ? "" : "s"} skipped`;
}

function attemptRow(attempt: Attempt): readonly string[] {
  if (attempt.outcome === AttemptOutcome.SKIPPED) {
    return ["-", attempt.deployment, `skipped: ${enumWords(SkipReasonSchema, attempt.skipReason)}`];
  }
  return [
    `${attempt.number}`,
    attempt.deployment,
    [
      `${enumWords(RouteReasonSchema, attempt.reason)}, ${enumWords(AttemptOutcomeSchema, attempt.outcome)}`,
      ...(attempt.latency === undefined ? [] : [`after ${formatDuration(attempt.latency)}`]),
      ...(attempt.keyId === "" ? [] : [`with key ${attempt.keyId}`]),
    ].join(" "),
    attemptWhy(attempt),
  ];
}

function attemptWhy({ error, backoff }: Attempt): string {
  const parts = [];
  if (error !== undefined) {
    const status = error.httpStatus === 0 ? "" : ` (HTTP ${error.httpStatus})`;
    parts.push(`${enumName(ErrorReasonSchema, error.reason)}${status}: ${error.message}`);
    if (error.retryAfter !== undefined) parts.push(`retry after ${formatDuration(error.retryAfter)}`);
    if (error.upstreamRequestId !== "") parts.push(`upstream request ${error.upstreamRequestId}`);
  }
  if (backoff !== undefined && durationMs(backoff) > 0)
    parts.push(`waited ${formatDuration(backoff)} before`);
  return parts.join("; ");
}
