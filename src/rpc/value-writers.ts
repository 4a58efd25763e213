import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { BackwardWriter } from "../telemetry/backward-writer.ts";

/** Writes a value without the tag of its field. Throws {@link unfit}, then with a part of the value written. */
export type WriteValue = (out: BackwardWriter, value: unknown) => void;

export interface ValueWriter {
  readonly write: WriteValue;
  /** Where a value ends on the wire: 0 for a varint, 1 for 8 bytes, 2 for a length and so many bytes. */
  readonly wire: 0 | 1 | 2;
  /** What a field without presence holds when it is not set. */
  readonly zero: unknown;
}

/** Thrown for a value that only the library knows how to write or to refuse. One for all: nobody reads its stack. */
export const unfit: Error = new Error("a value that is not written by plan");

/** For the values of a field, a list or a map that are no messages; undefined where none of ours are of the kind. */
export function plainValueWriter(field: DescField): ValueWriter | undefined {
  if (field.enum !== undefined) return { write: writeInt32, wire: 0, zero: 0 };
  switch (field.scalar) {
    case ScalarType.STRING:
      return { write: writeString, wire: 2, zero: "" };
    case ScalarType.BYTES:
      return { write: writeBytes, wire: 2, zero: undefined };
    case ScalarType.DOUBLE:
      return { write: writeDouble, wire: 1, zero: 0 };
    case ScalarType.BOOL:
      return { write: writeBool, wire: 0, zero: false };
    case ScalarType.INT32:
      return { write: writeInt32, wire: 0, zero: 0 };
    case ScalarType.INT64:
      return { write: writeInt64, wire: 0, zero: 0n };
    default:
      return undefined;
  }
}

export function writeString(out: BackwardWriter, value: unknown): void {
  if (typeof value !== "string") throw unfit;
  const end = out.length;
  out.text(value);
  out.varint(out.length - end);
}

function writeBytes(out: BackwardWriter, value: unknown): void {
  if (!(value instanceof Uint8Array)) throw unfit;
  out.bytes(value);
  out.varint(value.length);
}

function writeDouble(out: BackwardWriter, value: unknown): void {
  if (typeof value !== "number") throw unfit;
  out.double(value);
}

function writeBool(out: BackwardWriter, value: unknown): void {
  if (typeof value !== "boolean") throw unfit;
  out.byte(value ? 1 : 0);
}

function writeInt32(out: BackwardWriter, value: unknown): void {
  // Not −0 either: it is another zero than a field is compared with.
  if (typeof value !== "number" || !Object.is(value | 0, value)) throw unfit;
  // What is negative takes ten bytes, as if it had 64 bits.
  out.varint64(value);
}

function writeInt64(out: BackwardWriter, value: unknown): void {
  if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw unfit;
  out.varint64(value);
}
