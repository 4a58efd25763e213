import type { Cost } from "../../gen/switchyard/v1/routing_pb.ts";

const nanosPerUsd = 1_000_000_000n;

/** Exact amount in USD, at least two decimals and no needless zero: `$0.00006964`, `-$1.50`. */
export function formatUsd(nanos: bigint): string {
  const amount = nanos < 0n ? -nanos : nanos;
  const fraction = (amount % nanosPerUsd)
    .toString()
    .padStart(9, "0")
    .replace(/0{1,7}$/, "");
  return `${nanos < 0n ? "-" : ""}$${amount / nanosPerUsd}.${fraction}`;
}

/** A cost in words: an unknown price is said, never shown as zero. */
export function formatCost(cost: Cost | undefined): string {
  if (cost === undefined) return "unknown";
  if (cost.unpriced) return "unpriced (the config has no price for this model)";
  return `${formatUsd(cost.nanosUsd)}${cost.estimated ? " (estimated: the upstream reported no usage)" : ""}`;
}
