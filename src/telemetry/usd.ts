/** Nano-USD as the double that attributes and counters take; exact to nine digits behind the point up to 9 million USD. */
export function usdOf(nanos: bigint): number {
  return Number(nanos) / 1e9;
}
