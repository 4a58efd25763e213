import type { AttemptRecord } from "../../src/ledger/ledger.ts";

/** One that succeeded at once, of a call of its own unless the fields say otherwise. */
export function attemptRecord(fields: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    time: 1_795_000_000_012,
    calledAt: 1_795_000_000_000,
    decisionId: "PROD_01JDHJ0000ABCDEFGHJKMNPQRS",
    number: 1,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    caller: "team-a",
    labels: { app: "x" },
    tier: "simple",
    model: "deepseek/deepseek-chat-v3-2",
    deployment: "deepseek/deepseek-chat-v3-2@holysheep",
    arm: "stable",
    compared: false,
    rescue: false,
    keyId: "primary",
    outcome: "succeeded",
    failure: undefined,
    tokens: { input: 10, cachedInput: 0, output: 5, reasoning: 0, estimated: false },
    costNanos: 100n,
    startedAt: 1_795_000_000_000,
    latencyMs: 12,
    firstTokenMs: undefined,
    ...fields,
  };
}
