import { toBinary } from "@bufbuild/protobuf";
import {
  type Attempt,
  AttemptSchema,
  type RouteDecision,
  RouteDecisionSchema,
} from "../../gen/switchyard/v1/routing_pb.ts";
import { clipText } from "./clip-text.ts";
import { type RpcCode, RpcError, type RpcErrorDetail } from "./rpc-error.ts";
import { statusDetails } from "./status-details.ts";

/** An error before the decision is attached. */
export interface DecidedErrorParts {
  readonly code: RpcCode;
  readonly message: string;
  /** Small ones: `ErrorInfo` and its kin. */
  readonly details: readonly RpcErrorDetail[];
  readonly trailers?: Readonly<Record<string, string>>;
}

/**
 * Greatest size of a `google.rpc.Status`. It travels as base64, which makes it 4 KiB: Python's grpcio loses the
 * status itself where metadata exceed some kilobytes.
 */
export const longestStatusBytes = 3072;

/** Of the message. */
const longestMessage = 200;

/** An error of a call whose route was decided: the decision goes with it, with as many attempts as there is room for. */
export function decidedError(parts: DecidedErrorParts, decision: RouteDecision): RpcError {
  const withAttempts = (attempts: Attempt[]): RpcError =>
    new RpcError(
      parts.code,
      clipText(parts.message, longestMessage),
      [...parts.details, { schema: RouteDecisionSchema, value: { ...decision, attempts } }],
      parts.trailers,
    );
  if (decision.attempts.length === 0) return withAttempts([]);
  const room = longestStatusBytes - statusDetails(withAttempts([])).length - envelopeBytes;
  return withAttempts(mostThatFit(decision.attempts, room));
}

/** The attempts lengthen the lengths of two messages around them, by two bytes each at most. */
const envelopeBytes = 4;

/** The first and the last tell most: how it began and why it ended. Then as many of the others as fit, in order. */
function mostThatFit(attempts: readonly Attempt[], room: number): Attempt[] {
  const sizes = attempts.map(sizeOf);
  const last = attempts.length - 1;
  const kept = new Set<number>();
  let left = room;
  for (const index of [0, last, ...attempts.keys()]) {
    const size = sizes[index] ?? 0;
    if (kept.has(index)) continue;
    if (size > left) break;
    kept.add(index);
    left -= size;
  }
  return attempts.filter((_, index) => kept.has(index));
}

/** Encoded, with its tag and length. */
function sizeOf(attempt: Attempt): number {
  return toBinary(AttemptSchema, attempt).length + 3;
}
