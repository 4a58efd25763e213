import type { BackwardWriter } from "./backward-writer.ts";

/** A field's tag is its number and how it is written. */
export const tag = (field: number, wire: 0 | 1 | 2 | 5): number => ((field << 3) | wire) >>> 0;

/** What was written since becomes this field: its length and its tag go before it. */
export function close(out: BackwardWriter, field: number, end: number): void {
  out.varint(out.length - end);
  out.byte(tag(field, 2));
}

export function writeText(out: BackwardWriter, field: number, text: string): void {
  const end = out.length;
  out.text(text);
  close(out, field, end);
}
