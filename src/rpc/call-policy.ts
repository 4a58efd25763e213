import type { Log } from "../telemetry/log.ts";
import type { ServerCall, ServerSpan } from "../telemetry/server-span.ts";
import type { IncomingCall } from "./incoming-call.ts";
import type { RpcError } from "./rpc-error.ts";
import type { ServingState } from "./serving-state.ts";
import type { MessageValidator } from "./validate-message.ts";

/** Whether there is room for a call. A ticket is released exactly once, when the call ends on whatever path. */
export type Admitted =
  | { readonly kind: "admitted"; readonly release: () => void }
  | { readonly kind: "refused"; readonly error: RpcError };

/** What the pipeline of a listener obeys and tells; the same for every listener of the process. */
export interface CallPolicy {
  readonly startSpan: (call: ServerCall) => Pick<ServerSpan, "traceId" | "run" | "end">;
  /** Asked before the request's body is parsed; not for infrastructure services. */
  readonly admit?: ((call: IncomingCall) => Admitted) | undefined;
  /** Default and greatest deadline of a unary call and of a stream. */
  readonly unaryMs: number;
  readonly streamMs: number;
  /** The monotonic clock that deadlines stand on; left out: the process's. */
  readonly now?: (() => number) | undefined;
  readonly validator: MessageValidator;
  readonly state: ServingState;
  readonly log: Log;
}
