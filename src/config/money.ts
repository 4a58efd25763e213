/** Amounts of money as the configuration writes them: nothing finer than a nano-USD, nothing that overflows int64. */
export const moneyPattern = /^\d{1,9}(?:\.\d{1,9})?$/;

/**
 * Nano-USD of a decimal text in USD, exactly: `"0.42"` is 420 000 000.
 * @param text matches {@link moneyPattern}; anything else is a bug and throws
 */
export function nanosOf(text: string): bigint {
  if (!moneyPattern.test(text)) throw new RangeError("not a decimal amount");
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}
