import type { AttemptRecord } from "../../src/ledger/ledger.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { attemptRecord } from "./ledger-samples.ts";

const models = [
  "openai/gpt-4.1",
  "deepseek/deepseek-chat-v3-2",
  "google/gemini-2.5-flash-preview",
  "acme/free",
];
const tiers = ["simple", "standard", "advanced", undefined] as const;
const faults: readonly FailureKind[] = ["rate-limited", "timeout", "server-error", "unreachable", "draining"];
const refusals: readonly FailureKind[] = ["invalid-request", "context-too-long", "content-filtered"];

/**
 * Attempts of calls of every kind: rescued, hedged, refused, cancelled, without any attempt, without a price, in both
 * arms and outside of them. The same for the same seed.
 * @param from milliseconds since the epoch; calls come in from then on, one every 7 to 13 ms
 */
export function syntheticAttempts(count: number, seed: number, from: number): readonly AttemptRecord[] {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const chance = (share: number): boolean => random() < share;
  const records: AttemptRecord[] = [];
  let calledAt = from;
  for (let call = 0; records.length < count; call++) {
    calledAt += 7 + below(7);
    const arm = chance(0.2) ? ("canary" as const) : ("stable" as const);
    const compared = chance(0.8);
    const common = {
      calledAt,
      decisionId: `${arm === "canary" ? "CNRY" : "PROD"}_${String(call).padStart(26, "0")}`,
      caller: pick(["team-a", "team-b", "anonymous"]),
      labels: chance(0.5) ? { app: pick(["grammar", "chat"]) } : {},
      tier: pick(tiers),
      arm,
      compared,
    };
    if (chance(0.01)) {
      const nothing = { input: 0, cachedInput: 0, output: 0, reasoning: 0, estimated: false };
      const part = { number: 0, model: pick(models), deployment: "", keyId: "", tokens: nothing };
      const left = chance(0.3);
      records.push(
        attemptRecord({
          ...common,
          ...part,
          outcome: left ? "cancelled" : "skipped",
          failure: left ? "cancelled" : "none-available",
          costNanos: undefined,
          startedAt: calledAt,
          latencyMs: below(5_000_000) / 1000,
        }),
      );
      continue;
    }
    // The attempts of a call, the last one deciding unless a hedge was lost.
    let startedAt = calledAt + below(3);
    const tries = chance(0.8) ? 1 : 2 + below(4);
    for (let number = 1; number <= tries && records.length < count; number++) {
      const last = number === tries;
      const model = pick(models);
      const input = below(20_000);
      const latencyMs = below(9_000_000) / 1000;
      const end = last
        ? pick<Pick<AttemptRecord, "outcome" | "failure">>([
            { outcome: "succeeded", failure: undefined },
            { outcome: "succeeded", failure: undefined },
            { outcome: "succeeded", failure: undefined },
            { outcome: "failed", failure: pick(faults) },
            { outcome: "failed", failure: pick(refusals) },
            { outcome: "cancelled", failure: chance(0.9) ? "cancelled" : "draining" },
          ])
        : chance(0.2)
          ? { outcome: "hedge-lost" as const, failure: "cancelled" as const }
          : { outcome: "failed" as const, failure: chance(0.1) ? pick(refusals) : pick(faults) };
      const unpriced = model === "acme/free";
      records.push(
        attemptRecord({
          ...common,
          ...end,
          number,
          model,
          deployment: `${model}@${pick(["holysheep", "legacy"])}`,
          rescue: number > 1,
          keyId: pick(["primary", "spare"]),
          tokens: {
            input,
            cachedInput: chance(0.3) ? below(input + 1) : 0,
            output: below(4_000),
            reasoning: 0,
            estimated: chance(0.05),
          },
          costNanos: unpriced ? undefined : BigInt(below(2 ** 31)) * 1009n,
          startedAt,
          latencyMs,
          firstTokenMs: chance(0.5) ? latencyMs / 3 : undefined,
          time: startedAt + Math.ceil(latencyMs),
        }),
      );
      startedAt += Math.ceil(latencyMs) + below(1000);
    }
  }
  return records;
}

/** mulberry32: uniform in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
