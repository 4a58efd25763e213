import { randomBytes } from "node:crypto";
import type { Arm } from "../routing/canary-arm.ts";

// Crockford's base 32: no letter that reads as a digit.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const timeDigits = 10;
const chanceDigits = 16;
const chanceBits = 80;

/**
 * Makes the ids of calls: 26 characters, unique, and in the order of their making even within a millisecond.
 * @param wallClock milliseconds since the epoch; where it steps back, the ids do not
 * @see https://github.com/ulid/spec
 */
export function createCallIds(wallClock: () => number): () => string {
  let lastMs = 0;
  let chance = 0n;
  return () => {
    const ms = Math.floor(wallClock());
    if (ms > lastMs) {
      lastMs = ms;
      // The first bit stays clear, so that counting up never overflows.
      chance = BigInt.asUintN(chanceBits - 1, BigInt(`0x${randomBytes(chanceBits / 8).toString("hex")}`));
    } else {
      chance += 1n;
    }
    return encode(BigInt(lastMs), timeDigits) + encode(chance, chanceDigits);
  };
}

/** The id of a decision as callers see it: the prefix tells the arm that was assigned. */
export function decisionId(arm: Arm, callId: string): string {
  return `${arm === "canary" ? "CNRY" : "PROD"}_${callId}`;
}

/** When the call came in, in milliseconds since the epoch; undefined for what is no id of a decision. */
export function decisionTime(decisionId: string): number | undefined {
  const digits = /^(?:CNRY|PROD)_([0-9A-HJKMNP-TV-Z]{10})[0-9A-HJKMNP-TV-Z]{16}$/.exec(decisionId)?.[1];
  if (digits === undefined) return undefined;
  return Array.from(digits).reduce((ms, digit) => ms * alphabet.length + alphabet.indexOf(digit), 0);
}

function encode(value: bigint, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest >>= 5n)
    text = (alphabet[Number(rest & 31n)] ?? "") + text;
  return text;
}
