import { BackwardWriter } from "./backward-writer.ts";
import type { SaidValue } from "./recorded-span.ts";
import { close, tag, writeText } from "./write-field.ts";

/** What is known of a name: most of a span's attributes have the value that the last one had, too. */
interface Known {
  /** The name's field. */
  readonly name: Uint8Array;
  /** As it was written last. */
  value: SaidValue | undefined;
  /** Name and value; undefined until the value comes again, because one that is never the same needs no copy. */
  both: Uint8Array | undefined;
}

/** Names are words of ours, of which there are fewer. */
const mostNames = 256;

/**
 * `KeyValue` for each attribute, as fields of this number.
 * @param said names and values in turn
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
 */
export type WriteAttributes = (out: BackwardWriter, field: number, said: readonly SaidValue[]) => void;

/** It remembers names, and how their values were written last. */
export function createAttributeWriter(): WriteAttributes {
  const known = new Map<string, Known>();
  return (out, field, said) => {
    for (let at = said.length - 2; at >= 0; at -= 2) {
      const end = out.length;
      writeAttribute(out, known, said[at] as string, said[at + 1]);
      close(out, field, end);
    }
  };
}

function writeAttribute(
  out: BackwardWriter,
  known: Map<string, Known>,
  name: string,
  value: SaidValue | undefined,
): void {
  const last = known.get(name) ?? learn(known, name);
  // A list may be another one by now.
  const isSame = typeof value !== "object" && last.value === value;
  if (isSame && last.both !== undefined) {
    out.bytes(last.both);
    return;
  }
  const end = out.length;
  writeValue(out, value);
  close(out, 2, end);
  out.bytes(last.name);
  last.both = isSame ? out.since(end) : undefined;
  last.value = value;
}

function learn(known: Map<string, Known>, name: string): Known {
  const out = new BackwardWriter(name.length + 2);
  writeText(out, 1, name);
  if (known.size === mostNames) known.clear();
  const learnt: Known = { name: out.finish(), value: undefined, both: undefined };
  known.set(name, learnt);
  return learnt;
}

function writeValue(out: BackwardWriter, value: SaidValue | undefined): void {
  if (typeof value === "string") {
    writeText(out, 1, value);
  } else if (typeof value === "boolean") {
    out.byte(value ? 1 : 0);
    out.byte(tag(2, 0));
  } else if (typeof value === "number") {
    writeNumber(out, value);
  } else if (value !== undefined) {
    writeList(out, value);
  }
}

function writeNumber(out: BackwardWriter, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) {
    out.varint64(value);
    out.byte(tag(3, 0));
  } else {
    out.double(value);
    out.byte(tag(4, 1));
  }
}

function writeList(out: BackwardWriter, values: Exclude<SaidValue, string | number | boolean>): void {
  const listEnd = out.length;
  for (let at = values.length - 1; at >= 0; at--) {
    const end = out.length;
    writeValue(out, values[at]);
    close(out, 1, end);
  }
  close(out, 5, listEnd);
}
