import type { BreakerState } from "./breaker-state.ts";
import type { Circuit, Probe } from "./opossum-circuit.ts";
import type { Permit } from "./permit.ts";

/** The outcomes of a breaker's permits, in the order in which they were told. */
export interface Streak {
  /** Since the last success. */
  failures: number;
  /** Counted, so that a late failure can tell whether another call succeeded meanwhile. */
  successes: number;
}

/** What a breaker does for its permits. */
export interface PermitIssuer {
  readonly streak: Streak;
  /** The state now: what time alone changes has been changed. */
  readonly current: () => BreakerState;
  /** A call of a closed breaker failed. */
  readonly failed: (circuit: Circuit) => void;
  readonly probeSucceeded: (probe: Probe) => void;
  readonly probeFailed: (probe: Probe) => void;
  /** The probe says nothing. */
  readonly probeIgnored: () => void;
  readonly trip: (ms: number) => void;
}

/** @param generation the state in which it is taken */
export function createPermit(issuer: PermitIssuer, generation: BreakerState): Permit {
  return new GenerationPermit(issuer, generation);
}

/** An outcome of another generation than its own says nothing. */
class GenerationPermit implements Permit {
  readonly trial: boolean;
  readonly #issuer: PermitIssuer;
  #generation: BreakerState;
  #phase: "pending" | "succeeded" | "settled" = "pending";
  #failuresBefore = 0;
  #successNumber = 0;

  constructor(issuer: PermitIssuer, generation: BreakerState) {
    this.trial = generation.kind === "probing";
    this.#issuer = issuer;
    this.#generation = generation;
  }

  success(): void {
    if (!this.#takes("succeeded")) return;
    const { streak } = this.#issuer;
    if (this.#generation.kind === "closed") this.#generation.circuit.success();
    else if (this.#generation.kind === "probing") {
      this.#issuer.probeSucceeded(this.#generation.probe);
      // The call goes on in the state that its success brought about.
      this.#generation = this.#issuer.current();
    }
    this.#failuresBefore = streak.failures;
    streak.failures = 0;
    streak.successes += 1;
    this.#successNumber = streak.successes;
  }

  failure(): void {
    if (!this.#takes("settled")) return;
    if (this.#generation.kind === "closed") {
      this.#generation.circuit.failure();
      this.#issuer.failed(this.#generation.circuit);
    } else if (this.#generation.kind === "probing") this.#issuer.probeFailed(this.#generation.probe);
  }

  ignore(): void {
    if (this.#takes("settled") && this.#generation.kind === "probing") this.#issuer.probeIgnored();
  }

  lateFailure(): void {
    if (this.#phase !== "succeeded") return this.failure();
    this.#phase = "settled";
    const { streak } = this.#issuer;
    if (this.#issuer.current() !== this.#generation || this.#generation.kind !== "closed") return;
    this.#generation.circuit.lateFailure();
    // A stream that breaks did not end the streak after all; somebody else's success did.
    if (this.#successNumber === streak.successes) {
      streak.failures = Math.max(streak.failures, this.#failuresBefore);
    }
    this.#issuer.failed(this.#generation.circuit);
  }

  trip(ms: number): void {
    if (this.#takes("settled")) this.#issuer.trip(ms);
  }

  /** True once, and only for an outcome of this generation. */
  #takes(next: "succeeded" | "settled"): boolean {
    if (this.#phase !== "pending") return false;
    this.#phase = next;
    return this.#issuer.current() === this.#generation;
  }
}
