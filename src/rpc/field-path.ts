/**
 * Where a check stands in a request. Written out for a problem alone: nearly every request has none, and its
 * paths would be made for nothing.
 */
export interface FieldPath {
  readonly parent: FieldPath | undefined;
  readonly name: string;
  /** Of an element; undefined for a field that is no list. */
  readonly index: number | undefined;
}

/** The message that a check begins with. */
export function rootField(name: string): FieldPath {
  return { parent: undefined, name, index: undefined };
}

/** A field of the message at `parent`, or one element of it. */
export function fieldIn(parent: FieldPath, name: string, index?: number): FieldPath {
  return { parent, name, index };
}

/** In the names of the contract: `input.messages[0].role`. */
export function fieldText({ parent, name, index }: FieldPath): string {
  const own = index === undefined ? name : `${name}[${index}]`;
  return parent === undefined ? own : `${fieldText(parent)}.${own}`;
}
