import type { ConfigPath } from "./config-path.ts";

// References and contradictions are looked for in what was written, whether or not its shape is right:
// so a file with a misspelt key and an unknown model is told both at once. Whatever has the wrong
// type is taken as absent here; the schema reports it.

/** The entries of a map, or none where the value is not one. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isMap(value) ? Object.entries(value) : [];
}

/** The value of one name, or undefined. */
export function fieldOf(value: unknown, name: string): unknown {
  return isMap(value) ? value[name] : undefined;
}

/** The items of a list, or none where the value is not one. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The texts of a list with their positions; other items are left out. */
export function textsOf(value: unknown): readonly { readonly text: string; readonly index: number }[] {
  return itemsOf(value).flatMap((item, index) => (typeof item === "string" ? [{ text: item, index }] : []));
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  let current = value;
  for (const part of path) {
    current = typeof part === "number" ? itemsOf(current)[part] : fieldOf(current, part);
  }
  return current;
}

/** True for a map of YAML: neither a list nor a scalar. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
