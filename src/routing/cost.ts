import type { Price } from "./catalog.ts";

const tokensPerPrice = 1_000_000n;

/** Tokens of one attempt, each a whole number of at least 0. */
export interface BilledTokens {
  /** All of the prompt, the cached part included. */
  readonly input: number;
  /** The part of `input` that the upstream had in its cache; more than `input` counts as all of it. */
  readonly cachedInput: number;
  readonly output: number;
}

/**
 * What an attempt costs, in nano-USD. The products are summed exactly and rounded once, half up, so the
 * cost of a whole differs from the sum of its parts by less than one nano a part.
 */
export function costNanos(price: Price, tokens: BilledTokens): bigint {
  const input = BigInt(tokens.input);
  const asked = BigInt(tokens.cachedInput);
  const cached = asked < input ? asked : input;
  const cachedPrice = price.cachedInputNanosPerMTok ?? price.inputNanosPerMTok;
  const exact =
    (input - cached) * price.inputNanosPerMTok +
    cached * cachedPrice +
    BigInt(tokens.output) * price.outputNanosPerMTok;
  return (exact + tokensPerPrice / 2n) / tokensPerPrice;
}
