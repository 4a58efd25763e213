import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  hasOption,
  type Message,
} from "@bufbuild/protobuf";
import { DurationSchema, FeatureSet_FieldPresence as FieldPresence } from "@bufbuild/protobuf/wkt";
import {
  field as fieldOption,
  type FieldRules,
  FieldRulesSchema,
  MapRulesSchema,
  message as messageOption,
  oneof as oneofOption,
  OneofRulesSchema,
  RepeatedRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { isPlainMessage } from "./plain-message.ts";
import {
  ask,
  durationCheck,
  enumCheck,
  hasOnly,
  limitOf,
  noRules,
  type PatternMatch,
  type QuickCheck,
  scalarCheck,
} from "./quick-rules.ts";

/**
 * Compiles the rules of a message, and of all that it holds, into a check that allocates nothing and says yes
 * or perhaps: true where protovalidate would find the message valid, false where it must be asked. Whatever has
 * no quick form is asked, so that a new rule of the contract can make a check slow, never wrong.
 *
 * The rules must compile in protovalidate. For messages as protobuf-es reads or creates them.
 */
export function compileQuickCheck(schema: DescMessage, match: PatternMatch): (message: Message) => boolean {
  return messageCheck(schema, { match, checks: new Map() }) ?? pass;
}

interface Compilation {
  readonly match: PatternMatch;
  /** Of the types seen so far; undefined where there is nothing to check. */
  readonly checks: Map<DescMessage, QuickCheck | undefined>;
}

type Fields = Readonly<Record<string, unknown>>;
type MemberCheck = (message: Fields) => boolean;

function messageCheck(desc: DescMessage, compilation: Compilation): QuickCheck | undefined {
  const { checks } = compilation;
  if (checks.has(desc)) return checks.get(desc);
  let members: readonly MemberCheck[] = [];
  const check: QuickCheck = (message) => {
    // A message is a plain object with a property for each of its members: the descriptor says so.
    for (const member of members) if (!member(message as Fields)) return false;
    return true;
  };
  // Before its members: a type may hold itself.
  checks.set(desc, check);
  // Rules of a message itself, as those of Any, have no quick form.
  members =
    isPlainMessage(desc) && !hasOption(desc, messageOption)
      ? desc.members
          .map((member) =>
            member.kind === "oneof" ? oneofCheck(member, compilation) : fieldCheck(member, compilation),
          )
          .filter((member) => member !== undefined)
      : [ask];
  if (members.length > 0) return check;
  checks.set(desc, undefined);
  return undefined;
}

function oneofCheck(oneof: DescOneof, compilation: Compilation): MemberCheck | undefined {
  const { localName, fields } = oneof;
  const rules = getOption(oneof, oneofOption);
  if (!hasOnly(OneofRulesSchema, rules, "required")) return ask;
  if (fields.some((field) => getOption(field, fieldOption).required)) return ask;
  const mayBeUnset = !rules.required;
  const cases = new Map(fields.map((field) => [field.localName, valueCheck(field, compilation) ?? pass]));
  return (message) => {
    const chosen = message[localName] as { readonly case?: string; readonly value?: unknown };
    if (chosen.case === undefined) return mayBeUnset;
    return cases.get(chosen.case)?.(chosen.value) ?? false;
  };
}

function pass(): boolean {
  return true;
}

function fieldCheck(field: DescField, compilation: Compilation): MemberCheck | undefined {
  const { localName } = field;
  const { required } = getOption(field, fieldOption);
  const check = valueCheck(field, compilation);
  if (field.presence === FieldPresence.IMPLICIT) {
    // Rules hold for the zero value too; where the field is required as well, it counts as missing.
    if (required) return ask;
    return check && ((message) => check(message[localName]));
  }
  if (check === undefined && !required) return undefined;
  return (message) => {
    const value = message[localName];
    return value === undefined ? !required : check === undefined || check(value);
  };
}

/** For the value of a field that is set, or has a value without being set. */
function valueCheck(field: DescField, compilation: Compilation): QuickCheck | undefined {
  const rules = getOption(field, fieldOption);
  if (!hasOnly(FieldRulesSchema, rules, "required", rules.type.case ?? "")) return ask;
  switch (field.fieldKind) {
    case "list":
      return listCheck(field, rules, compilation);
    case "map":
      return mapCheck(field, rules, compilation);
    case "message":
    case "enum":
    case "scalar":
      return elementCheck(field, rules, compilation);
  }
}

function listCheck(
  field: DescField & { fieldKind: "list" },
  { type }: FieldRules,
  compilation: Compilation,
): QuickCheck | undefined {
  if (type.case !== undefined && type.case !== "repeated") return ask;
  const rules = type.value ?? create(RepeatedRulesSchema);
  if (!hasOnly(RepeatedRulesSchema, rules, "minItems", "maxItems", "items")) return ask;
  const item = nestedCheck(rules.items, (items) => elementCheck(field, items, compilation));
  const min = Number(rules.minItems);
  const max = limitOf(rules, RepeatedRulesSchema.field.maxItems, rules.maxItems);
  if (item === undefined && min === 0 && max === Infinity) return undefined;
  return (value) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) return false;
    if (item !== undefined) for (const one of value) if (!item(one)) return false;
    return true;
  };
}

function mapCheck(
  field: DescField & { fieldKind: "map" },
  { type }: FieldRules,
  compilation: Compilation,
): QuickCheck | undefined {
  if (type.case !== undefined && type.case !== "map") return ask;
  const rules = type.value ?? create(MapRulesSchema);
  if (!hasOnly(MapRulesSchema, rules, "maxPairs", "keys", "values")) return ask;
  // A key that is not text is written as text in the object, so that its rules ask.
  const keyCheck = nestedCheck(rules.keys, (keys) => scalarCheck(field.mapKey, keys, compilation.match));
  const entryCheck = nestedCheck(rules.values, (values) => elementCheck(field, values, compilation));
  const max = limitOf(rules, MapRulesSchema.field.maxPairs, rules.maxPairs);
  if (keyCheck === undefined && entryCheck === undefined && max === Infinity) return undefined;
  return (value) => {
    const entries = value as Fields;
    let pairs = 0;
    // The keys of an object without an array of them.
    for (const key in entries) {
      pairs++;
      if (pairs > max) return false;
      if (keyCheck !== undefined && !keyCheck(key)) return false;
      if (entryCheck !== undefined && !entryCheck(entries[key])) return false;
    }
    return true;
  };
}

/** For rules within the rules of a list or a map, where `required` is none of ours either. */
function nestedCheck(
  rules: FieldRules | undefined,
  compile: (rules: FieldRules) => QuickCheck | undefined,
): QuickCheck | undefined {
  if (rules === undefined) return compile(noRules);
  return hasOnly(FieldRulesSchema, rules, rules.type.case ?? "") ? compile(rules) : ask;
}

/** For the value of a field, or each of the values of a list or a map. */
function elementCheck(field: DescField, rules: FieldRules, compilation: Compilation): QuickCheck | undefined {
  if (field.scalar !== undefined) return scalarCheck(field.scalar, rules, compilation.match);
  if (field.enum !== undefined) return enumCheck(field.enum, rules);
  if (rules.type.case === undefined) return messageCheck(field.message, compilation);
  return rules.type.case === "duration" && field.message.typeName === DurationSchema.typeName
    ? durationCheck(rules.type.value)
    : ask;
}
