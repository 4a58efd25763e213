import { randomFillSync } from "node:crypto";
import type { Arm } from "../routing/canary-arm.ts";

// Crockford's base 32: no letter that reads as a digit.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
// Two digits at a time: half the strings.
const pairs = Array.from(alphabet, (first) => Array.from(alphabet, (second) => first + second)).flat();
const timeDigits = 10;
// 80 bits of chance in two halves: each is a whole number that a double holds.
const halfBytes = 5;
const halfDigits = 8;
// Drawn for many ids at once: to ask the system for chance costs more than all the rest of an id.
const drawnBytes = 256 * 2 * halfBytes;

/**
 * Makes the ids of calls: 26 characters, unique, and in the order of their making even within a millisecond.
 * @param wallClock milliseconds since the epoch; where it steps back, the ids do not
 * @see https://github.com/ulid/spec
 */
export function createCallIds(wallClock: () => number): () => string {
  let lastMs = -1;
  /** The digits of the time and of the first half. */
  let beginning = "";
  let second = 0;
  const chance = Buffer.alloc(drawnBytes);
  let used = drawnBytes;
  const drawHalf = (): number => {
    if (used === drawnBytes) {
      randomFillSync(chance);
      used = 0;
    }
    used += halfBytes;
    return chance.readUIntBE(used - halfBytes, halfBytes);
  };
  return () => {
    const ms = Math.max(0, Math.floor(wallClock()));
    if (ms > lastMs) {
      lastMs = ms;
      beginning = encode(ms, timeDigits) + encode(drawHalf(), halfDigits);
      // Its first bit stays clear, so that counting up never overflows.
      second = drawHalf() % 2 ** 39;
    } else {
      second += 1;
    }
    return beginning + encode(second, halfDigits);
  };
}

/** The id of a decision as callers see it: the prefix tells the arm that was assigned. */
export function decisionId(arm: Arm, callId: string): string {
  // Joined and not added up: that would stay a tree of pieces, which `JSON.stringify` and others take the slow way through.
  return [arm === "canary" ? "CNRY_" : "PROD_", callId].join("");
}

const prefixLength = "PROD_".length;
const decisionForm = /^(?:CNRY|PROD)_[0-9A-HJKMNP-TV-Z]{26}$/;

/** When the call came in, in milliseconds since the epoch; undefined for what is no id of a decision. */
export function decisionTime(decisionId: string): number | undefined {
  if (!decisionForm.test(decisionId)) return undefined;
  const digits = decisionId.slice(prefixLength, prefixLength + timeDigits);
  let ms = 0;
  for (const digit of digits) ms = ms * alphabet.length + alphabet.indexOf(digit);
  return ms;
}

/** @param digits an even number */
function encode(value: number, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest = Math.floor(rest / pairs.length))
    text = (pairs[rest % pairs.length] ?? "") + text;
  return text;
}
