import { isMap } from "./raw-value.ts";
import { catalogShape } from "./schema-catalog.ts";

/** The sections of a file as they count, and which of them the shipped file lent. */
export interface WrittenSections {
  readonly value: unknown;
  readonly borrowed: ReadonlySet<string>;
}

/**
 * What a file says, with empty sections settled. A file is not merged with the shipped one: only where it has no
 * catalog of its own (upstreams, models, tiers, fallback) does it have the shipped one, whole.
 * @param shipped reads the shipped file's value; called only where it is needed
 */
export function writtenSections(value: unknown, shipped: () => unknown): WrittenSections {
  if (!isMap(value)) return { value, borrowed: new Set() };
  const catalogNames = Object.keys(catalogShape);
  const sections: Record<string, unknown> = {};
  for (const [name, section] of Object.entries(value)) {
    // A heading over lines that are all commented out: no settings of its own, or an empty catalog.
    if (section !== null) sections[name] = section;
    else if (catalogNames.includes(name)) sections[name] = {};
  }
  if (catalogNames.some((name) => Object.hasOwn(sections, name))) {
    // A file with a catalog of its own has models, or says that it has none.
    sections["models"] ??= {};
    return { value: sections, borrowed: new Set() };
  }
  const lent = shipped();
  for (const name of catalogNames) {
    const section = isMap(lent) ? lent[name] : undefined;
    if (section !== undefined) sections[name] = section;
  }
  return { value: sections, borrowed: new Set(catalogNames) };
}
