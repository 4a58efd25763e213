import type { TierName } from "../routing/catalog.ts";
import type { Config } from "./config.ts";

/**
 * How long the first token of a model may take, in milliseconds, for a call that names the model: the largest
 * limit among the tiers that list it, else standard's. A call for a tier has that tier's own.
 */
export function firstTokenMsOf(
  firstTokenMs: Config["timeouts"]["firstTokenMs"],
  model: { readonly tiers: readonly TierName[] },
): number {
  const limits = model.tiers.map((tier) => firstTokenMs[tier]);
  return limits.length === 0 ? firstTokenMs.standard : Math.max(...limits);
}
