import type { RpcMethod } from "./rpc-service.ts";

/** How long a call may take, and when its handler is told. */
export interface CallAllowance {
  /** From now; Infinity: no limit. */
  readonly ms: number;
  /** True where it is the caller's own and not our default or limit. */
  readonly fromCaller: boolean;
  /** From now: when the handler's signal aborts. */
  readonly handlerMs: number;
  /** From then: when the call is answered without the handler. */
  readonly lastWordMs: number;
}

/**
 * The smaller of what the caller allows and the greatest that we allow. The handler is told a little
 * early (2.5 %, at most 20 ms) and cut off half of that later, so that an answer with our details
 * leaves before a caller's own timer fires.
 */
export function callAllowance(
  method: RpcMethod,
  timeoutMs: number | undefined,
  limits: { readonly unaryMs: number; readonly streamMs: number },
): CallAllowance {
  const greatest = greatestMs(method, limits);
  const fromCaller = timeoutMs !== undefined && timeoutMs <= greatest;
  const ms = fromCaller ? timeoutMs : greatest;
  const leadMs = ms === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.min(20, ms * 0.025));
  return { ms, fromCaller, handlerMs: ms - leadMs, lastWordMs: leadMs / 2 };
}

function greatestMs(
  method: RpcMethod,
  { unaryMs, streamMs }: { readonly unaryMs: number; readonly streamMs: number },
): number {
  if (method.kind === "unary") return unaryMs;
  // A watch of grpc.health.v1 lasts as long as its client: ending it would look like an outage.
  return method.infrastructure ? Number.POSITIVE_INFINITY : streamMs;
}
