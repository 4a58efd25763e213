import { type DescField, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as FieldPresence } from "@bufbuild/protobuf/wkt";
import type { BackwardWriter } from "../telemetry/backward-writer.ts";
import { tag } from "../telemetry/write-field.ts";
import { type ValueWriter, writeString } from "./value-writers.ts";

/** A message as it is stored: a property for each of its fields and oneofs. */
export type Members = Readonly<Record<string, unknown>>;

/** Writes a field, or the chosen one of a oneof, with its tag; nothing where it is not set. */
export type WriteMember = (out: BackwardWriter, message: Members) => void;

/** For a field that is no list, no map, and in no oneof. */
export function singularWriter(field: DescField, { write, wire, zero }: ValueWriter): WriteMember {
  const { localName } = field;
  const head = tag(field.number, wire);
  const isImplicit = field.presence === FieldPresence.IMPLICIT;
  if (isImplicit && field.scalar === ScalarType.BYTES) {
    return (out, message) => {
      const value = message[localName];
      if (value instanceof Uint8Array && value.length === 0) return;
      write(out, value);
      out.varint(head);
    };
  }
  const unset = isImplicit ? zero : undefined;
  return (out, message) => {
    const value = message[localName];
    // A double of −0 is set.
    if (Object.is(value, unset)) return;
    write(out, value);
    out.varint(head);
  };
}

/** @param values writers for each of its fields, whose numbers have no other field's between them */
export function oneofWriter(
  { localName }: DescOneof,
  values: ReadonlyMap<DescField, ValueWriter>,
): WriteMember {
  const cases = new Map(
    [...values].map(([field, { write, wire }]) => [
      field.localName,
      { write, head: tag(field.number, wire) },
    ]),
  );
  return (out, message) => {
    // The descriptor says so.
    const { case: name, value } = message[localName] as { readonly case?: string; readonly value?: unknown };
    const chosen = name === undefined ? undefined : cases.get(name);
    if (chosen === undefined) return;
    chosen.write(out, value);
    out.varint(chosen.head);
  };
}

export function listWriter(
  { localName, number, packed }: DescField & { fieldKind: "list" },
  { write, wire }: ValueWriter,
): WriteMember {
  const head = tag(number, packed ? 2 : wire);
  return (out, message) => {
    // The descriptor says so.
    const values = message[localName] as readonly unknown[];
    const end = out.length;
    for (let at = values.length - 1; at >= 0; at--) {
      write(out, values[at]);
      if (!packed) out.varint(head);
    }
    if (!packed || values.length === 0) return;
    out.varint(out.length - end);
    out.varint(head);
  };
}

/** For a map by text. Each entry is a message of a key and a value. */
export function mapWriter({ localName, number }: DescField, { write, wire }: ValueWriter): WriteMember {
  const head = tag(number, 2);
  const keyHead = tag(1, 2);
  const valueHead = tag(2, wire);
  return (out, message) => {
    // The descriptor says so.
    const values = message[localName] as Members;
    for (const key of Object.keys(values).toReversed()) {
      const end = out.length;
      write(out, values[key]);
      out.varint(valueHead);
      writeString(out, key);
      out.varint(keyHead);
      out.varint(out.length - end);
      out.varint(head);
    }
  };
}
