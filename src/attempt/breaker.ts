import type { BreakerConfig } from "../config/config.ts";
import { createPermit, type PermitIssuer, type Streak } from "./breaker-permit.ts";
import { dueAt, failurePpm, stateName } from "./breaker-state.ts";
import type { BreakerState } from "./breaker-state.ts";
import { openTimeMs } from "./open-time.ts";
import { createCircuit } from "./opossum-circuit.ts";
import type { Circuit } from "./opossum-circuit.ts";
import { outsideRequests } from "./outside-requests.ts";
import type { Breaker, BreakerStateName } from "./permit.ts";
import type { SetTimer, Timer } from "./timer.ts";

export interface BreakerOptions {
  /** As it stands in logs and spans. */
  readonly name: string;
  readonly settings: BreakerConfig;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly setTimer: SetTimer;
  /**
   * Told after each change of state. What it throws is dropped. Of a breaker that turns half-open it is told
   * outside of any request; otherwise in the context of the call that changed it.
   */
  readonly onTransition: (from: BreakerStateName, to: BreakerStateName, name: string) => void;
}

/** After a probe that says nothing, as its caller left: soon, but not for the next caller in the same breath. */
const ignoredProbeMs = 1000;

/** For a probe whose caller names no deadline: beyond the greatest that a call can have before its first content. */
const longestProbeMs = 150_000;

/** What a probe may take beyond its deadline to be settled. */
const settlementMs = 1000;

/** Node's timers cannot wait longer. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * opossum behind permits: it counts and decides; this keeps from it what would mislead it, and keeps its time.
 * Synchronous throughout, with one timer while it is open or probing and none for a call.
 * @see docs/decisions/0003-breaker-behind-permits.md
 * @see test/attempt/opossum-defects.test.ts
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { name, settings, now, setTimer } = options;
  const newCircuit = (halfOpen: boolean): Circuit => createCircuit(settings, now, halfOpen);
  let state: BreakerState = { kind: "closed", circuit: newCircuit(false) };
  let changedAt = 0;
  let failedProbes = 0;
  let chance = 0;
  const streak: Streak = { failures: 0, successes: 0 };
  let timer: Timer | undefined;
  let released = false;

  const enter = (next: BreakerState): void => {
    const from = stateName(state);
    if ("circuit" in state && !("circuit" in next && next.circuit === state.circuit)) {
      state.circuit.shutdown();
    }
    state = next;
    setWatch();
    const to = stateName(next);
    if (from === to) return;
    changedAt = now();
    if (to === "half-open") outsideRequests(() => tell(options, from, to));
    else tell(options, from, to);
  };

  const setWatch = (): void => {
    timer?.cancel();
    timer = undefined;
    const due = dueAt(state);
    if (released || due === Infinity) return;
    const waitMs = Math.min(longestTimerMs, Math.max(0, due - now()));
    timer = outsideRequests(() => setTimer(onTimer, waitMs));
  };

  const onTimer = (): void => {
    timer = undefined;
    const before = state;
    catchUp();
    // Timers may run a little early, and none can wait as long as a trip may last.
    if (state === before) setWatch();
  };

  /** What time alone changes. Every entry point asks first, so that a late or missing timer is never seen. */
  const catchUp = (): void => {
    if (now() < dueAt(state)) return;
    if (state.kind === "open") enter({ kind: "half-open", failurePpm: state.failurePpm });
    else if (state.kind === "probing") afterFailedProbe();
  };

  const enterClosed = (circuit: Circuit): void => {
    failedProbes = 0;
    streak.failures = 0;
    enter({ kind: "closed", circuit });
  };

  /** opossum counted the probe when it began: by now that may lie further back than the window. */
  const afterProbe = (): Circuit => {
    const circuit = newCircuit(false);
    circuit.success();
    return circuit;
  };

  /** @param ms how long; by itself for the time that the failed probes so far make it */
  const enterOpen = (ms?: number): void => {
    if (state.kind === "closed") chance = options.random();
    const openMs = ms ?? openTimeMs(settings, failedProbes, chance);
    enter({ kind: "open", probeAt: now() + openMs, failurePpm: failurePpm(state) });
  };

  const afterFailedProbe = (): void => {
    failedProbes += 1;
    enterOpen();
  };

  const afterFailure = (circuit: Circuit): void => {
    streak.failures += 1;
    if (circuit.opened() || streak.failures >= settings.consecutiveFailures) enterOpen();
  };

  const trip = (ms: number): void => {
    catchUp();
    if (state.kind === "open" && state.probeAt >= now() + ms) return;
    enterOpen(ms);
  };

  const issuer: PermitIssuer = {
    streak,
    current: () => {
      catchUp();
      return state;
    },
    failed: afterFailure,
    probeSucceeded: (probe) => {
      probe.success();
      enterClosed(afterProbe());
    },
    probeFailed: (probe) => {
      probe.failure();
      afterFailedProbe();
    },
    probeIgnored: () => enterOpen(ignoredProbeMs),
    trip,
  };

  return {
    name,
    state: () => {
      catchUp();
      return stateName(state);
    },
    snapshot: () => {
      catchUp();
      return {
        state: stateName(state),
        changedAt,
        probeAt: state.kind === "open" ? state.probeAt : undefined,
        failurePpm: failurePpm(state),
      };
    },
    readyAt: () => {
      catchUp();
      if (state.kind === "open") return state.probeAt;
      return state.kind === "probing" ? Infinity : 0;
    },
    tryAcquire: (deadline = Infinity) => {
      catchUp();
      if (state.kind === "closed") return createPermit(issuer, state);
      if (state.kind !== "half-open") return undefined;
      const circuit = newCircuit(true);
      const end = Number.isFinite(deadline) ? deadline : now() + longestProbeMs;
      const overdueAt = end + settlementMs;
      enter({
        kind: "probing",
        circuit,
        probe: circuit.startProbe(),
        overdueAt,
        failurePpm: state.failurePpm,
      });
      return createPermit(issuer, state);
    },
    trip,
    reset: () => {
      enterClosed(newCircuit(false));
    },
    close: () => {
      released = true;
      setWatch();
    },
  };
}

function tell({ onTransition, name }: BreakerOptions, from: BreakerStateName, to: BreakerStateName): void {
  try {
    onTransition(from, to, name);
  } catch {
    // A listener's fault must not become the outcome of somebody's call.
  }
}
