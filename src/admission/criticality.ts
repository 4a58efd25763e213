/** How much a call matters when there is no room for all, least first; the caller says so. */
export type Criticality = "sheddable" | "sheddable-plus" | "critical" | "critical-plus";

const criticalities: readonly Criticality[] = ["sheddable", "sheddable-plus", "critical", "critical-plus"];

/** Metadata in which a caller says how much its call matters. */
export const criticalityHeader = "x-switchyard-criticality";

/** Reads that metadata; absent or unknown is `critical`: a typo must not make a call the first to go. */
export function readCriticality(header: string | undefined): Criticality {
  const word = header?.trim().toLowerCase();
  return criticalities.find((criticality) => criticality === word) ?? "critical";
}
