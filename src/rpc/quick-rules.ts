import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  isFieldSet,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type BytesRules,
  BytesRulesSchema,
  type DoubleRules,
  DoubleRulesSchema,
  type DurationRules,
  DurationRulesSchema,
  EnumRulesSchema,
  type FieldRules,
  FieldRulesSchema,
  type Int32Rules,
  Int32RulesSchema,
  type Int64Rules,
  Int64RulesSchema,
  type StringRules,
  StringRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** True where a value certainly keeps its rules, false where protovalidate must be asked. Never throws. */
export type QuickCheck = (value: unknown) => boolean;

/** Whether a text matches a pattern; throws where the pattern is none. */
export type PatternMatch = (pattern: string, text: string) => boolean;

/** What has no quick form is protovalidate's to judge. */
export const ask: QuickCheck = () => false;

/** No rules. */
export const noRules: FieldRules = create(FieldRulesSchema);

/** Whether nothing else is set in these rules: no rule without a quick form, and none of a later protovalidate. */
export function hasOnly(schema: DescMessage, rules: Message, ...known: readonly string[]): boolean {
  return (
    (rules.$unknown ?? []).length === 0 &&
    schema.fields.every((field) => known.includes(field.localName) || !isFieldSet(rules, field))
  );
}

/** An upper limit, Infinity where it is not set: what is not set in rules reads as 0. */
export function limitOf(rules: Message, field: DescField, value: bigint): number {
  return isFieldSet(rules, field) ? Number(value) : Infinity;
}

/** @returns undefined where there is nothing to check */
export function scalarCheck(
  scalar: ScalarType,
  { type }: FieldRules,
  match: PatternMatch,
): QuickCheck | undefined {
  switch (type.case) {
    case undefined:
      return undefined;
    case "string":
      return scalar === ScalarType.STRING ? stringCheck(type.value, match) : ask;
    case "bytes":
      return scalar === ScalarType.BYTES ? bytesCheck(type.value) : ask;
    case "int32":
      return scalar === ScalarType.INT32 ? rangeCheck(Int32RulesSchema, type.value) : ask;
    case "int64":
      return scalar === ScalarType.INT64 ? rangeCheck(Int64RulesSchema, type.value) : ask;
    case "double":
      return scalar === ScalarType.DOUBLE ? doubleCheck(type.value) : ask;
    default:
      return ask;
  }
}

/** @returns undefined where there is nothing to check */
export function enumCheck(desc: DescEnum, { type }: FieldRules): QuickCheck | undefined {
  if (type.case === undefined) return undefined;
  if (type.case !== "enum") return ask;
  const rules = type.value;
  if (!hasOnly(EnumRulesSchema, rules, "definedOnly", "in", "notIn")) return ask;
  const defined = rules.definedOnly ? new Set<unknown>(desc.values.map(({ number }) => number)) : undefined;
  const allowed = rules.in.length > 0 ? new Set<unknown>(rules.in) : undefined;
  const refused = new Set<unknown>(rules.notIn);
  return (value) =>
    (defined === undefined || defined.has(value)) &&
    (allowed === undefined || allowed.has(value)) &&
    !refused.has(value);
}

/** For `google.protobuf.Duration`. */
export function durationCheck(rules: DurationRules): QuickCheck {
  if (!hasOnly(DurationRulesSchema, rules, ...rangeRules)) return ask;
  const { greaterThan: low, lessThan: high } = rules;
  return (value) => {
    // The descriptor says so.
    const duration = value as Duration;
    return (
      (low.case === undefined ||
        (low.case === "gt" ? isLess(low.value, duration) : !isLess(duration, low.value))) &&
      (high.case === undefined ||
        (high.case === "lt" ? isLess(duration, high.value) : !isLess(high.value, duration)))
    );
  };
}

const rangeRules = ["gt", "gte", "lt", "lte"];

function stringCheck(rules: StringRules, match: PatternMatch): QuickCheck {
  if (!hasOnly(StringRulesSchema, rules, "minLen", "maxLen", "pattern")) return ask;
  const min = Number(rules.minLen);
  const max = limitOf(rules, StringRulesSchema.field.maxLen, rules.maxLen);
  const pattern = isFieldSet(rules, StringRulesSchema.field.pattern) ? rules.pattern : undefined;
  if (pattern !== undefined && !isPattern(pattern, match)) return ask;
  // Lengths are of code points, of which a text has no more than UTF-16 units, and no less than half as many.
  return (value) =>
    typeof value === "string" &&
    value.length <= max &&
    (value.length >= 2 * min - 1 || codePoints(value) >= min) &&
    (pattern === undefined || match(pattern, value));
}

function isPattern(pattern: string, match: PatternMatch): boolean {
  try {
    match(pattern, "");
    return true;
  } catch {
    return false;
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}

function bytesCheck(rules: BytesRules): QuickCheck {
  if (!hasOnly(BytesRulesSchema, rules, "maxLen")) return ask;
  const max = limitOf(rules, BytesRulesSchema.field.maxLen, rules.maxLen);
  return (value) => value instanceof Uint8Array && value.length <= max;
}

function doubleCheck(rules: DoubleRules): QuickCheck {
  const inRange = rangeCheck(DoubleRulesSchema, rules, "finite");
  return rules.finite ? (value) => Number.isFinite(value) && inRange(value) : inRange;
}

function rangeCheck(
  schema: DescMessage,
  rules: Int32Rules | Int64Rules | DoubleRules,
  ...known: readonly string[]
): QuickCheck {
  if (!hasOnly(schema, rules, ...rangeRules, ...known)) return ask;
  const { greaterThan: low, lessThan: high } = rules;
  // A range that ends before it starts means what is outside of it; no value is on both sides, so it asks.
  // NaN is neither less nor greater, and keeps no rule.
  return (value) =>
    (typeof value === "number" || typeof value === "bigint") &&
    (low.case === undefined || (low.case === "gt" ? value > low.value : value >= low.value)) &&
    (high.case === undefined || (high.case === "lt" ? value < high.value : value <= high.value));
}

/** As protovalidate compares them, even where the nanoseconds are more than a second. */
function isLess(a: Duration, b: Duration): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}
