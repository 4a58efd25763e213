import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createBreaker } from "../../src/attempt/breaker.ts";
import { openTimeMs } from "../../src/attempt/open-time.ts";
import type { Breaker, Permit } from "../../src/attempt/permit.ts";
import type { BreakerConfig } from "../../src/config/config.ts";
import { shippedBreaker } from "../support/breaker-settings.ts";
import { createManualClock } from "../support/manual-clock.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { replay } from "../support/reference-breaker.ts";
import type { BreakerEvent, PermitOutcome } from "../support/reference-breaker.ts";

const outcomes: readonly PermitOutcome[] = ["success", "failure", "ignore", "lateFailure"];

type Command =
  | { readonly kind: "acquire" | "reset" }
  | { readonly kind: "advance" | "trip"; readonly ms: number }
  /** Settles the permit that was given `back` permits ago: 0 is the newest, more are staler. */
  | { readonly kind: PermitOutcome; readonly back: number }
  /** A call of its own, begun and ended at once. */
  | { readonly kind: "call"; readonly outcome: PermitOutcome };

const settle = (kind: PermitOutcome): fc.Arbitrary<Command> =>
  fc.record({ kind: fc.constant(kind), back: fc.oneof(fc.nat(2), fc.nat(40)) });

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 18, arbitrary: fc.constant<Command>({ kind: "acquire" }) },
  { weight: 9, arbitrary: fc.oneof(...outcomes.map(settle)) },
  { weight: 15, arbitrary: settle("failure") },
  {
    weight: 18,
    arbitrary: fc.record({
      kind: fc.constant("call" as const),
      outcome: fc.constantFrom(...outcomes, "failure" as const, "failure" as const),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.oneof(fc.nat(500), fc.nat(12_000), fc.constantFrom(999, 1000, 10_000, 25_000, 60_000, 151_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("trip" as const), ms: fc.nat(30_000) }) },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: "reset" }) },
);

const settingsArbitrary: fc.Arbitrary<BreakerConfig> = fc.record({
  windowMs: fc.constantFrom(1000, 10_000, 60_000),
  minimumRequests: fc.constantFrom(1, 3, 10),
  failurePercent: fc.constantFrom(20, 50, 100),
  consecutiveFailures: fc.constantFrom(1, 3, 5, 1000),
  openMs: fc.constantFrom(500, 10_000),
  maxOpenMs: fc.constantFrom(10_000, 25_000),
});

const chanceArbitrary = fc.constantFrom(0, 0.25, 0.5, 0.999);

interface Run {
  readonly clock: ManualClock;
  readonly breaker: Breaker;
  readonly permits: readonly { readonly permit: Permit; readonly at: number }[];
  readonly trace: readonly BreakerEvent[];
  readonly log: readonly string[];
}

/** Drives a breaker through the commands, writing down the trace and what the breaker did with it. */
function drive(
  commands: readonly Command[],
  settings: BreakerConfig,
  chance: number,
  watch: (step: Command, run: Run) => void = () => {},
): Run {
  const clock = createManualClock();
  const log: string[] = [];
  const trace: BreakerEvent[] = [];
  const permits: { permit: Permit; at: number }[] = [];
  const breaker = createBreaker({
    name: "openai/gpt-4.1@legacy",
    settings,
    now: clock.now,
    random: () => chance,
    setTimer: clock.setTimer,
    onTransition: (from, to) => log.push(`${clock.now().toFixed(3)} ${from} to ${to}`),
  });
  const run: Run = { clock, breaker, permits, trace, log };
  const acquire = (): void => {
    trace.push({ at: clock.now(), kind: "acquire" });
    const permit = breaker.tryAcquire();
    log.push(
      `${clock.now().toFixed(3)} ${permit === undefined ? "refused" : permit.trial ? "probe" : "call"}`,
    );
    if (permit !== undefined) permits.push({ permit, at: clock.now() });
  };
  const end = (outcome: PermitOutcome, number: number): void => {
    const taken = permits[number];
    if (taken === undefined) return;
    trace.push({ at: clock.now(), kind: "settle", permit: number, outcome });
    taken.permit[outcome]();
  };
  for (const step of commands) {
    switch (step.kind) {
      case "acquire":
        acquire();
        break;
      case "call": {
        const before = permits.length;
        acquire();
        if (permits.length > before) end(step.outcome, before);
        break;
      }
      case "advance":
        clock.advanceSync(step.ms);
        trace.push({ at: clock.now(), kind: "look" });
        break;
      case "trip":
        trace.push({ at: clock.now(), kind: "trip", ms: step.ms });
        breaker.trip(step.ms);
        break;
      case "reset":
        trace.push({ at: clock.now(), kind: "reset" });
        breaker.reset();
        break;
      case "success":
      case "failure":
      case "ignore":
      case "lateFailure":
        end(step.kind, permits.length - 1 - step.back);
        break;
    }
    watch(step, run);
  }
  breaker.close();
  return run;
}

const commandsArbitrary = fc.array(command, { maxLength: 150 });

describe("a breaker under random traces", () => {
  it("opens and closes as the reference breaker does (invariant 29)", () => {
    fc.assert(
      fc.property(commandsArbitrary, settingsArbitrary, chanceArbitrary, (commands, settings, chance) => {
        const run = drive(commands, settings, chance);
        expect(run.log).toEqual(replay(run.trace, settings, chance));
      }),
      { numRuns: 2000 },
    );
  });

  it("has at most one probe in flight (invariant 8)", () => {
    fc.assert(
      fc.property(commandsArbitrary, settingsArbitrary, (commands, settings) => {
        let probing = false;
        drive(commands, settings, 0.5, (step, { breaker, permits, log }) => {
          if (breaker.state() !== "half-open") probing = false;
          const asked = step.kind === "acquire" || step.kind === "call";
          if (!asked || log.at(-1)?.endsWith("probe") !== true) return;
          expect(probing).toBe(false);
          probing = permits.at(-1)?.permit.trial === true && breaker.state() === "half-open";
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("lets nothing through while open, and is asked again at the instant it named (invariant 9)", () => {
    fc.assert(
      fc.property(commandsArbitrary, settingsArbitrary, chanceArbitrary, (commands, settings, chance) => {
        drive(commands, settings, chance, (_step, { breaker, clock }) => {
          const readyAt = breaker.readyAt();
          if (breaker.state() !== "open") return;
          expect(readyAt).toBeGreaterThan(clock.now());
          expect(breaker.tryAcquire()).toBeUndefined();
          expect(breaker.snapshot().probeAt).toBe(readyAt);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("is not changed by an outcome of an older generation (invariant 10)", () => {
    fc.assert(
      fc.property(
        commandsArbitrary,
        settingsArbitrary,
        fc.constantFrom(...outcomes),
        (commands, settings, outcome) => {
          const changes = new Map<Permit, number>();
          let generation = 0;
          const run = drive(commands, settings, 0.5, (_step, { permits, log }) => {
            generation = log.filter((line) => line.includes(" to ")).length;
            const newest = permits.at(-1)?.permit;
            if (newest !== undefined && !changes.has(newest)) changes.set(newest, generation);
          });
          const before = run.breaker.snapshot();
          for (const { permit } of run.permits) {
            // A probe's success belongs to the generation that it brought about.
            if (changes.get(permit) !== generation && !permit.trial) permit[outcome]();
          }
          expect(run.breaker.snapshot()).toEqual(before);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("counts nothing for an ignored call (invariant 11)", () => {
    fc.assert(
      fc.property(commandsArbitrary, settingsArbitrary, (commands, settings) => {
        const run = drive(commands, settings, 0.5);
        run.breaker.reset();
        const calls = [1, 2, 3].map(() => run.breaker.tryAcquire());
        calls[0]?.failure();
        const before = run.breaker.snapshot();
        calls[1]?.ignore();
        calls[2]?.ignore();
        expect(run.breaker.snapshot()).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  it("never stays half-open while callers ask, even if every probe is forgotten (invariant 12)", () => {
    fc.assert(
      fc.property(
        commandsArbitrary,
        settingsArbitrary,
        fc.integer({ min: 1, max: 60_000 }),
        (commands, settings, deadlineMs) => {
          const { breaker, clock } = drive(commands, settings, 0.5);
          breaker.reset();
          breaker.trip(1000);
          clock.advanceSync(1000);
          expect(breaker.tryAcquire(clock.now() + deadlineMs)?.trial).toBe(true);
          clock.advanceSync(deadlineMs);
          expect(breaker.tryAcquire()).toBeUndefined();
          clock.advanceSync(1000);
          expect(breaker.state()).toBe("open");
          clock.advanceSync(Math.max(settings.maxOpenMs, settings.openMs));
          expect(breaker.tryAcquire()?.trial).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("waits no less after each failed probe, never beyond the cap, and starts anew once closed (invariant 13)", () => {
    fc.assert(
      fc.property(
        settingsArbitrary,
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
        fc.integer({ min: 1, max: 12 }),
        (settings, draws, failures) => {
          const clock = createManualClock();
          let drawn = 0;
          const breaker = createBreaker({
            name: "model@upstream",
            settings,
            now: clock.now,
            random: () => draws[drawn++ % draws.length] ?? 0,
            setTimer: clock.setTimer,
            onTransition: () => {},
          });
          const openedFor = (): number => breaker.readyAt() - clock.now();
          const fail = (): void => {
            for (let call = 0; call < 1000; call += 1) breaker.tryAcquire()?.failure();
            expect(breaker.state()).toBe("open");
          };
          const cap = Math.max(settings.maxOpenMs, settings.openMs);
          for (let outage = 0; outage < 2; outage += 1) {
            fail();
            let last = openedFor();
            expect(last).toBeGreaterThanOrEqual(settings.openMs - 1e-6);
            expect(last).toBeLessThanOrEqual(Math.min(cap, settings.openMs * 1.2) + 1e-6);
            for (let probe = 0; probe < failures; probe += 1) {
              clock.advanceSync(last);
              breaker.tryAcquire()?.failure();
              expect(openedFor()).toBeGreaterThanOrEqual(last - 1e-6);
              last = openedFor();
              expect(last).toBeLessThanOrEqual(cap + 1e-6);
            }
            clock.advanceSync(last);
            breaker.tryAcquire()?.success();
            expect(breaker.state()).toBe("closed");
          }
          breaker.close();
          expect(clock.pendingTimers()).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("openTimeMs()", () => {
  it("leaves five seconds of thirty for the probe itself, with the shipped settings", () => {
    for (let probes = 0; probes < 50; probes += 1) {
      for (const chance of [0, 0.5, 0.999]) {
        expect(openTimeMs(shippedBreaker, probes, chance)).toBeLessThanOrEqual(25_000);
      }
    }
  });

  it("spreads replicas over a fifth, at the cap too", () => {
    for (const probes of [0, 20]) {
      const [least, most] = [0, 0.999].map((chance) => openTimeMs(shippedBreaker, probes, chance));
      expect((most ?? 0) / (least ?? 0)).toBeGreaterThan(1.19);
    }
  });
});
