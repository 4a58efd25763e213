import type { Schema } from "./schema-reference.ts";
import type { Random } from "./seeded-random.ts";

/** What one draw of a whole sample knows on its way down. */
export interface DrawState {
  readonly root: Schema;
  readonly random: Random;
  readonly question: string;
  /** How many draws failed before this one: each tries something else. */
  tries: number;
  /** Values drawn so far. */
  values: number;
}

/** What the draw of an array or object needs to draw what is inside. */
export interface InnerDraw {
  readonly state: DrawState;
  /** True: nothing that is not required. */
  readonly frugal: boolean;
  /** @param name of the property, which makes texts plausible */
  readonly next: (schema: Schema, name: string) => unknown;
}
