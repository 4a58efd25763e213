import { type DescField, type DescMessage, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import {
  listWriter,
  mapWriter,
  type Members,
  oneofWriter,
  singularWriter,
  type WriteMember,
} from "./member-writers.ts";
import { isPlainMessage } from "./plain-message.ts";
import { plainValueWriter, unfit, type ValueWriter, type WriteValue } from "./value-writers.ts";

/** Writes what is in a message, without its length. Throws for what is to be left to the library. */
export type MessagePlan = WriteValue;

export type MessagePlans = Map<DescMessage, MessagePlan>;

/**
 * For messages of this type, as protobuf-es reads or creates them.
 * @param plans of the types seen so far; new ones are added
 */
export function planOf(schema: DescMessage, plans: MessagePlans): MessagePlan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const { typeName } = schema;
  let members: readonly WriteMember[] = [];
  const plan: MessagePlan = (out, value) => {
    // A message is a plain object with a property for each of its members: the descriptor says so.
    const message = value as Members;
    if (message["$typeName"] !== typeName || message["$unknown"] !== undefined) throw unfit;
    for (const writeMember of members) writeMember(out, message);
  };
  // Before its members: a type may hold itself.
  plans.set(schema, plan);
  members = isPlainMessage(schema)
    ? // From the last to the first, as the writer goes.
      schema.members
        .toSorted((a, b) => lastNumber(b) - lastNumber(a))
        .map((member) => compileMember(member, plans))
    : [refuse];
  return plan;
}

/** For what no message of ours has, so that it has no plan. */
function refuse(): never {
  throw unfit;
}

function lastNumber(member: DescField | DescOneof): number {
  return member.kind === "oneof" ? Math.max(...member.fields.map(({ number }) => number)) : member.number;
}

function compileMember(member: DescField | DescOneof, plans: MessagePlans): WriteMember {
  if (member.kind === "oneof") return compileOneof(member, plans);
  const value = valueWriter(member, plans);
  if (value === undefined) return refuse;
  switch (member.fieldKind) {
    case "list":
      return listWriter(member, value);
    case "map":
      return member.mapKey === ScalarType.STRING ? mapWriter(member, value) : refuse;
    case "message":
    case "enum":
    case "scalar":
      return singularWriter(member, value);
  }
}

function compileOneof(oneof: DescOneof, plans: MessagePlans): WriteMember {
  const last = lastNumber(oneof);
  const first = Math.min(...oneof.fields.map(({ number }) => number));
  const isTornApart = oneof.parent.fields.some(
    (field) => field.oneof !== oneof && field.number > first && field.number < last,
  );
  if (isTornApart) return refuse;
  const values = new Map<DescField, ValueWriter>();
  for (const field of oneof.fields) {
    const value = valueWriter(field, plans);
    if (value === undefined) return refuse;
    values.set(field, value);
  }
  return oneofWriter(oneof, values);
}

/** For the value of a field, or each of the values of a list or a map; undefined where it has no plan. */
function valueWriter(field: DescField, plans: MessagePlans): ValueWriter | undefined {
  if (field.message === undefined) return plainValueWriter(field);
  const plan = planOf(field.message, plans);
  return {
    write: (out, value) => {
      const end = out.length;
      plan(out, value);
      out.varint(out.length - end);
    },
    wire: 2,
    zero: undefined,
  };
}
