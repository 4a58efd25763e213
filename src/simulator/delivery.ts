import { apiError, errorBody } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { Pace } from "./pace.ts";

/** How an answer is put on the wire: when, and what goes wrong on the way. */
export interface Delivery {
  readonly pace: Pace;
  readonly clock: Clock;
  /** Undefined: nothing goes wrong. */
  readonly broken: Extract<FaultPlan, { kind: "break" }> | undefined;
  /** Of the answer, in seconds since the epoch. */
  readonly createdSeconds: number;
}

/** The body of an error that comes although the status said 200. */
export const lateErrorBody: string = errorBody(
  apiError(500, "The server had an error while answering (simulated).", { code: "server_error" }),
);
