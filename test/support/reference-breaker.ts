import type { BreakerConfig } from "../../src/config/config.ts";

/** One thing that happened to a breaker, at an instant. Permits are numbered from 0 in the order they were given. */
export type BreakerEvent = { readonly at: number } & (
  | { readonly kind: "acquire"; readonly deadline?: number | undefined }
  | { readonly kind: "reset" | "look" }
  | { readonly kind: "trip"; readonly ms: number }
  | { readonly kind: "settle"; readonly permit: number; readonly outcome: PermitOutcome }
  | { readonly kind: "settle-trip"; readonly permit: number; readonly ms: number }
);
export type PermitOutcome = "success" | "failure" | "ignore" | "lateFailure";

/** What a breaker has to do with a trace: its changes of state, and what it answered whoever asked for a permit. */
export function replay(trace: readonly BreakerEvent[], config: BreakerConfig, chance: number): string[] {
  const log: string[] = [];
  let [mode, until, generation, failedProbes, streak, lastSuccess] = ["closed", Infinity, 0, 0, 0, -1];
  let counts: { bucket: number; fires: number; failures: number }[] = [];
  const permits: { generation: number; phase: string; trial: boolean; before: number }[] = [];
  const go = (at: number, to: string, end = Infinity): void => {
    if (mode !== to) log.push(`${at.toFixed(3)} ${mode} to ${to}`);
    [mode, until, generation] = [to, end, generation + 1];
    if (to === "closed") [failedProbes, streak, counts] = [0, 0, []];
  };
  const open = (at: number, failed: number): void => {
    failedProbes += failed;
    const grown = config.openMs * 2 ** failedProbes * (1 + 0.2 * chance);
    const capped = Math.min(grown, config.maxOpenMs * (1 - 0.2 + 0.2 * chance));
    go(at, "open", at + Math.max(config.openMs, capped));
  };
  const trip = (at: number, ms: number): void =>
    go(at, "open", Math.max(mode === "open" ? until : 0, at + ms));
  const count = (at: number, fires: number, failures: number): void => {
    const bucket = Math.floor(at / (config.windowMs / 10));
    counts = [...counts, { bucket, fires, failures }].filter((one) => one.bucket > bucket - 10);
    const sum = (key: "fires" | "failures"): number => counts.reduce((total, one) => total + one[key], 0);
    const many = sum("fires") >= config.minimumRequests;
    streak += failures;
    const reached = many && sum("failures") * 100 >= config.failurePercent * sum("fires");
    if (failures > 0 && (reached || streak >= config.consecutiveFailures)) open(at, 0);
  };
  const settle = (at: number, number: number, outcome: PermitOutcome | { readonly tripMs: number }): void => {
    const permit = permits[number] ?? { generation, phase: "settled", trial: false, before: 0 };
    const late = permit.phase === "succeeded";
    if (permit.phase === "settled" || (late && outcome !== "lateFailure")) return;
    permit.phase = outcome === "success" ? "succeeded" : "settled";
    if (permit.generation !== generation) return;
    if (typeof outcome === "object") return trip(at, outcome.tripMs);
    if (permit.trial && outcome === "ignore") return go(at, "open", at + 1000);
    if (permit.trial && outcome !== "success" && !late) return open(at, 1);
    if (permit.trial && outcome === "success") go(at, "closed");
    if (late && lastSuccess === number) streak = Math.max(streak, permit.before);
    if (outcome === "success") {
      [permit.generation, permit.before, streak, lastSuccess] = [generation, streak, 0, number];
    }
    if (outcome !== "ignore") count(at, late ? 0 : 1, outcome === "success" ? 0 : 1);
  };
  const catchUp = (at: number): void => {
    if (until > at) return;
    if (mode === "open") go(until, "half-open");
    else open(until, 1);
    catchUp(at);
  };
  for (const event of trace) {
    const { at } = event;
    catchUp(at);
    if (event.kind === "reset") go(at, "closed");
    if (event.kind === "trip") trip(at, event.ms);
    if (event.kind === "settle") settle(at, event.permit, event.outcome);
    if (event.kind === "settle-trip") settle(at, event.permit, { tripMs: event.ms });
    if (event.kind !== "acquire") continue;
    const trial = mode === "half-open" && until === Infinity;
    log.push(`${at.toFixed(3)} ${trial ? "probe" : mode === "closed" ? "call" : "refused"}`);
    if (trial) until = (event.deadline ?? at + 150_000) + 1000;
    if (trial || mode === "closed") permits.push({ generation, phase: "pending", trial, before: 0 });
  }
  return log;
}
