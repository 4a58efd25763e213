import { UsageSource } from "../../../gen/switchyard/v1/content_pb.ts";
import { type Invariant, nameOf, nameOfRequest } from "./invariant.ts";
import type { RequestRecord } from "./run-record.ts";
import { worldCatalog } from "./world-catalog.ts";

/** What is billed. */
export const ledgerEntries: readonly Invariant[] = [
  {
    number: 23,
    says: "the ledger has one entry a request, priced by its last usage, and a call costs what its entries do",
    *breaches({ calls }) {
      for (const call of calls) {
        if (call.entries.length !== call.requests.length)
          yield `${nameOf(call)} made ${call.requests.length} requests and has ${call.entries.length} entries`;
        const won = call.entries.filter(({ outcome }) => outcome === "succeeded");
        if (won.length > 1) yield `${nameOf(call)} is served by ${won.length} attempts`;
        for (const request of call.requests) yield* wrongEntry(request);
        const total = call.planned.trail.totalCost();
        const costs = call.entries.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
        const unpriced = costs.some((cost) => cost.unpriced);
        const sum = unpriced ? 0n : costs.reduce((nanos, cost) => nanos + cost.nanos, 0n);
        if (total.nanos !== sum || total.unpriced !== unpriced)
          yield `${nameOf(call)} costs ${total.nanos}, and its entries ${sum}`;
        if (call.summaries.some(({ attempts }) => attempts > call.entries.length))
          yield `${nameOf(call)} tells more attempts than its ledger has`;
      }
    },
  },
];

function* wrongEntry(request: RequestRecord): Generator<string> {
  const { call, number, deployment, keyId } = request;
  const entries = call.entries.filter((each) => each.number === number);
  const entry = entries[0];
  if (entry === undefined || entries.length > 1) {
    yield `${nameOfRequest(request)} has ${entries.length} entries`;
    return;
  }
  if (entry.deployment !== deployment.id || entry.keyId !== keyId)
    yield `${nameOfRequest(request)} is billed to ${entry.deployment} with ${entry.keyId}`;
  const { cost } = entry;
  if (cost !== undefined && cost.nanos < 0n) yield `${nameOfRequest(request)} costs ${cost.nanos}`;
  const reported = request.answer?.usage ?? request.batches.at(-1)?.usage;
  const seen = entry.usage;
  const estimated = seen?.source === UsageSource.ESTIMATED;
  if (entry.outcome === "succeeded" && seen === undefined) yield `${nameOfRequest(request)} has no usage`;
  if (seen === undefined || cost === undefined) return;
  if (estimated !== (reported === undefined) || estimated !== cost.estimated)
    yield `${nameOfRequest(request)} ${estimated ? "is" : "is not"} estimated`;
  if (reported !== undefined && seen.outputTokens !== reported.outputTokens)
    yield `${nameOfRequest(request)} used ${reported.outputTokens} tokens and is billed ${seen.outputTokens}`;
  const expected = priceOf(request, seen.inputTokens, seen.outputTokens);
  if (cost.unpriced !== (expected === undefined) || (expected !== undefined && cost.nanos !== expected))
    yield `${nameOfRequest(request)} costs ${cost.nanos}, not ${expected}`;
}

/** Rounded half up. */
function priceOf({ deployment }: RequestRecord, input: number, output: number): bigint | undefined {
  const { price } = worldCatalog.models.get(deployment.model)!;
  if (price === undefined) return undefined;
  const exact = BigInt(input) * price.inputNanosPerMTok + BigInt(output) * price.outputNanosPerMTok;
  return (exact + 500_000n) / 1_000_000n;
}
