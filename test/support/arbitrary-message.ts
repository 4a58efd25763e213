import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as FieldPresence } from "@bufbuild/protobuf/wkt";
import {
  field as fieldOption,
  type FieldRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import * as fc from "fast-check";

/**
 * Messages of this type. Nearly all their values keep the usual rules and a few stand at a limit of theirs or
 * just beyond it, so that many messages are valid and many others have one thing wrong.
 * @param depth how many messages may stand within each other
 */
export function arbitraryMessage(desc: DescMessage, depth = 7): fc.Arbitrary<Message> {
  const fields = desc.members
    .filter((member) => member.kind === "oneof" || depth > 0 || !holdsMessages(member))
    .map((member) => [
      member.localName,
      member.kind === "oneof" ? arbitraryOneof(member, depth) : arbitraryField(member, depth),
    ]);
  return fc
    .record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>)
    .map((init) => create(desc, init));
}

/** Values for what has these rules, alone or in a list or a map, and next to their limits. */
export function edgeElement(field: DescField, rules: FieldRules | undefined): fc.Arbitrary<unknown> {
  if (field.enum !== undefined) {
    return fc.constantFrom(0, -1, 99, ...field.enum.values.map(({ number }) => number));
  }
  if (field.scalar !== undefined) return edgeScalar(field.scalar, rules);
  if (field.message.typeName === "google.protobuf.Duration") return edgeDuration(rules);
  return fc.constant(create(field.message));
}

function arbitraryElement(field: DescField, rules: FieldRules | undefined, depth: number) {
  return mostly(usualElement(field, depth), edgeElement(field, rules));
}

function holdsMessages(field: DescField): boolean {
  return field.message !== undefined;
}

function mostly(usual: fc.Arbitrary<unknown>, edge: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: edge });
}

function arbitraryOneof(oneof: DescOneof, depth: number): fc.Arbitrary<unknown> {
  const cases = oneof.fields
    .filter((field) => depth > 0 || !holdsMessages(field))
    .map((field) =>
      fc.record({
        case: fc.constant(field.localName),
        value: arbitraryElement(field, rulesOf(field), depth),
      }),
    );
  const unset = fc.constant({ case: undefined });
  return cases.length === 0 ? unset : mostly(fc.oneof(...cases), unset);
}

function arbitraryField(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const rules = rulesOf(field);
  switch (field.fieldKind) {
    case "list":
      return arbitraryList(field, rules, depth);
    case "map":
      return arbitraryMap(field, rules, depth);
    case "message":
    case "enum":
    case "scalar": {
      const value = arbitraryElement(field, rules, depth);
      if (field.presence === FieldPresence.IMPLICIT) return value;
      return rules.required ? mostly(value, fc.constant(undefined)) : fc.oneof(fc.constant(undefined), value);
    }
  }
}

function arbitraryList(field: DescField & { fieldKind: "list" }, { type }: FieldRules, depth: number) {
  const rules = type.case === "repeated" ? type.value : undefined;
  const item = arbitraryElement(field, rules?.items, depth - 1);
  const sizes = around(rules?.minItems, rules?.maxItems).filter((size) => size >= 0);
  return mostly(
    fc.array(item, { minLength: 1, maxLength: 2 }),
    fc
      .tuple(fc.constantFrom(...sizes), item)
      .map(([length, one]) => Array.from<unknown>({ length }).fill(one)),
  );
}

function arbitraryMap(field: DescField & { fieldKind: "map" }, { type }: FieldRules, depth: number) {
  const rules = type.case === "map" ? type.value : undefined;
  const key: fc.Arbitrary<string> =
    field.mapKey === ScalarType.STRING
      ? (mostly(usualScalar(field.mapKey), edgeText(rules?.keys)) as fc.Arbitrary<string>)
      : usualScalar(field.mapKey).map(String);
  const value = arbitraryElement(field, rules?.values, depth - 1);
  const sizes = around(undefined, rules?.maxPairs).filter((size) => size >= 0);
  return mostly(
    fc.dictionary(key, value, { maxKeys: 2 }),
    fc
      .tuple(fc.constantFrom(...sizes), value)
      .map(([size, one]) =>
        Object.fromEntries(Array.from({ length: size }, (_, index) => [keyAt(field.mapKey, index), one])),
      ),
  );
}

function keyAt(type: ScalarType, index: number): string {
  return type === ScalarType.STRING ? `k${index}` : String(index);
}

function usualElement(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.enum !== undefined) return fc.constantFrom(1, 2);
  if (field.scalar !== undefined) return usualScalar(field.scalar);
  if (field.message.typeName === "google.protobuf.Duration") {
    return fc.constantFrom(duration(1n, 0), duration(30n, 1));
  }
  return arbitraryMessage(field.message, depth - 1);
}

function usualScalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return fc.constantFrom("ab", "a-1", "tool_2");
    case ScalarType.BYTES:
      return fc.constant(new Uint8Array(3));
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.INT32:
      return fc.constantFrom(1, 2, 8);
    case ScalarType.INT64:
      return fc.constantFrom(1n, 2n);
    case ScalarType.DOUBLE:
      return fc.constantFrom(0.5, 1);
    default:
      throw new Error(`values of scalar type ${type}`);
  }
}

function edgeDuration(rules: FieldRules | undefined): fc.Arbitrary<unknown> {
  const type = rules?.type;
  const bounds = type?.case === "duration" ? [type.value.greaterThan.value, type.value.lessThan.value] : [];
  const seconds = fc.constantFrom(
    -1n,
    0n,
    ...bounds.flatMap((bound) => (bound === undefined ? [] : nearLong(bound.seconds))),
  );
  const nanos = fc.constantFrom(
    -2_000_000_000,
    -1,
    0,
    1,
    999_999_999,
    1_000_000_000,
    ...bounds.flatMap((bound) => (bound === undefined ? [] : near(bound.nanos))),
  );
  return fc.tuple(seconds, nanos).map(([whole, rest]) => duration(whole, rest));
}

function edgeScalar(type: ScalarType, rules: FieldRules | undefined): fc.Arbitrary<unknown> {
  const given = rules?.type.value;
  const bounds =
    given !== undefined && "greaterThan" in given ? [given.greaterThan.value, given.lessThan.value] : [];
  switch (type) {
    case ScalarType.STRING:
      return edgeText(rules);
    case ScalarType.BYTES: {
      const limit = rules?.type.case === "bytes" ? rules.type.value.maxLen : undefined;
      // Fresh for each would be megabytes each.
      return fc.constantFrom(...around(0n, limit).filter((size) => size >= 0)).map(zeros);
    }
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.INT32:
      return fc.constantFrom(
        0,
        -1,
        2 ** 31 - 1,
        -(2 ** 31),
        ...bounds.flatMap((bound) => (typeof bound === "number" ? near(bound) : [])),
      );
    case ScalarType.INT64:
      return fc.constantFrom(
        0n,
        -1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
        ...bounds.flatMap((bound) => (typeof bound === "bigint" ? nearLong(bound) : [])),
      );
    case ScalarType.DOUBLE:
      return fc.constantFrom(
        0,
        -0,
        Number.NaN,
        Infinity,
        -Infinity,
        Number.MIN_VALUE,
        -Number.MIN_VALUE,
        ...bounds.flatMap((bound) => (typeof bound === "number" ? [...near(bound), bound * 1.000_001] : [])),
      );
    default:
      throw new Error(`values of scalar type ${type}`);
  }
}

/** Texts as long as a limit or one off it, of characters of one or two UTF-16 units or of half of one. */
function edgeText(rules: FieldRules | undefined): fc.Arbitrary<string> {
  const given = rules?.type.case === "string" ? rules.type.value : undefined;
  const quantified = /,(\d+)\}\$$/.exec(given?.pattern ?? "")?.[1];
  const max = given !== undefined && given.maxLen > 0n ? given.maxLen : BigInt(quantified ?? 64);
  const lengths = around(given?.minLen, max).filter((size) => size >= 0);
  const ofLength = fc
    .tuple(fc.constantFrom("a", "한", "😀", "\ud800"), fc.constantFrom(...lengths))
    .map(([character, length]) => character.repeat(length));
  return fc.oneof(
    ofLength,
    ofLength.map((text) => `😀${text.slice(1)}`),
    fc.constantFrom("", "__proto__", "-a", "A b", "a\n", "1", "a.b:c/d@e"),
  );
}

function around(min: bigint | undefined, max: bigint | undefined): number[] {
  const limits = [min ?? 0n, max ?? 0n].map(Number);
  return limits.flatMap((limit) => [limit - 1, limit, limit + 1, limit + 2]);
}

function near(bound: number): number[] {
  return [bound - 1, bound, bound + 1];
}

function nearLong(bound: bigint): bigint[] {
  return [bound - 1n, bound, bound + 1n];
}

const largest = new ArrayBuffer(12 * 1024 * 1024 + 2);

function zeros(size: number): Uint8Array {
  return new Uint8Array(largest, 0, size);
}

function duration(seconds: bigint, nanos: number) {
  return { seconds, nanos };
}

function rulesOf(field: DescField): FieldRules {
  return getOption(field, fieldOption);
}
