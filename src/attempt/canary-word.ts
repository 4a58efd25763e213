import type { ArmCall } from "./arm-call.ts";
import type { SavedCanary } from "./canary-store.ts";

/** What the watch of one process says to those of others that serve the same callers. */
export type CanaryWord =
  | {
      readonly kind: "stands";
      readonly saved: SavedCanary;
      /** An operator armed it: what was held against it before is forgotten. */
      readonly armed: boolean;
    }
  | {
      readonly kind: "ended";
      readonly call: ArmCall;
      /** When the call began, in milliseconds since the epoch. */
      readonly startedAt: number;
    };
