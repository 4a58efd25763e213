import { z } from "zod";
import { moneyPattern } from "./money.ts";

// Every schema carries one sentence on what is allowed; `shape-problems.ts` puts before it what was found.

/** The longest that a timer of Node can wait, some 24 days; beyond it fires at once. */
const longestMs = 2_147_483_647;

/**
 * A map with these names and no others.
 * The message of an unknown name lists the known ones, separated by spaces, for `shape-problems.ts`.
 */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, allowed = "must be a map") {
  const known = Object.keys(shape).join(" ");
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known : allowed),
  });
}

/** A map whose names its writer chooses; the names are checked in `names.ts`, since a bad one would hide its value. */
export function named<Value extends z.core.SomeType>(value: Value, allowed: string) {
  return z.record(z.string(), value, { error: allowed });
}

export function listOf<Item extends z.core.SomeType>(item: Item, allowed = "must be a list") {
  return z.array(item, { error: allowed });
}

export function wholeNumber(least: number, most: number, unit = "") {
  const error = `must be a whole number${unit} from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A duration; `least` is 0 where "not at all" has a meaning, else 1. */
export function durationMs(least: 0 | 1) {
  return wholeNumber(least, longestMs, " of milliseconds");
}

export function decimal(least: number, most: number) {
  const error = `must be a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

export function flag() {
  return z.boolean({ error: "must be true or false" });
}

export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words, { error: `must be one of ${words.join(", ")}` });
}

export function textLike(pattern: RegExp, allowed: string) {
  return z.string({ error: allowed }).regex(pattern, { error: allowed });
}

/** Decimal text in USD. */
export function money() {
  return textLike(
    moneyPattern,
    'must be an amount in USD as text in quotes, such as "0.42", not negative, with at most 9 digits before and after the point',
  );
}

/** Text for people: no control characters, which could move a terminal's cursor. */
export function label(most: number) {
  // eslint-disable-next-line no-control-regex -- refusing them is the point
  return textLike(
    new RegExp(`^[^\\u0000-\\u001f\\u007f-\\u009f]{1,${most}}$`, "u"),
    `must be text of 1 to ${most} characters`,
  );
}
