import { setTimeout as sleep } from "node:timers/promises";
import type { CallPolicy } from "./call-policy.ts";
import type { IncomingCall } from "./incoming-call.ts";
import { openCall, type OpenCall } from "./open-call.ts";
import { createRunningCalls } from "./running-calls.ts";
import { draining } from "./server-error.ts";

/** The pipeline that every server of ours runs its calls through. */
export interface CallServer {
  /** Starts a call: span, deadline, admission. Close it on every path. */
  readonly open: (call: IncomingCall) => OpenCall;
  /** Resolves true once no call runs, false once `ms` have passed. */
  readonly settled: (ms: number) => Promise<boolean>;
  /**
   * Ends running calls for the drain; each handler has a moment for its own last word. Those of infrastructure
   * services go first: a watch would otherwise hold up every drain.
   */
  readonly abort: (which: "infrastructure" | "all") => void;
}

// A handler that obeys its signal answers within one turn of the event loop; this is for a busy machine.
const drainLastWordMs = 250;

/** A pipeline with its own set of running calls: one a listener, so that each drains by itself. */
export function createCallServer(policy: CallPolicy): CallServer {
  const calls = createRunningCalls<OpenCall>();
  const idle = new Set<() => void>();
  const ended = (call: OpenCall): void => {
    calls.remove(call);
    if (calls.size() === 0) for (const wake of idle) wake();
  };
  return {
    open(incoming) {
      const call = openCall(incoming, policy, ended);
      if (call.refusal === undefined) calls.add(call);
      return call;
    },
    async settled(ms) {
      if (calls.size() === 0) return true;
      const stop = new AbortController();
      const quiet = new Promise<boolean>((resolve) => {
        const wake = (): void => {
          idle.delete(wake);
          stop.abort();
          resolve(true);
        };
        idle.add(wake);
      });
      const late = sleep(ms, false, { signal: stop.signal }).catch(() => true);
      return Promise.race([quiet, late]);
    },
    abort(which) {
      for (const call of calls) {
        if (which === "all" || call.infrastructure) call.abort(draining, drainLastWordMs);
      }
    },
  };
}
