import type { JsonObject } from "./json-object.ts";
import { matchesSchema } from "./schema-check.ts";
import type { InnerDraw } from "./schema-draw.ts";
import { asSchema } from "./schema-reference.ts";

/** A minItems of a million must not cost memory: such a sample is too short, and says nothing worse. */
const mostItems = 256;

function atLeastZero(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.floor(value) : undefined;
}

/** An array with its fixed items, as many others as are asked for (one where nothing is), unique where that is asked. */
export function drawArray(
  { state, frugal, next }: InnerDraw,
  schema: JsonObject,
  name: string,
): readonly unknown[] {
  const { prefixItems, items, contains, uniqueItems } = schema;
  const fixed: readonly unknown[] = Array.isArray(prefixItems)
    ? prefixItems
    : Array.isArray(items)
      ? items
      : [];
  const others = asSchema(Array.isArray(items) ? schema["additionalItems"] : items);
  const most = atLeastZero(schema["maxItems"]) ?? Infinity;
  const containing = contains === undefined ? 0 : (atLeastZero(schema["minContains"]) ?? 1);
  const least = Math.max(atLeastZero(schema["minItems"]) ?? 0, containing);
  const usual = frugal
    ? 0
    : Math.max(fixed.length, others === false ? 0 : 1 + Math.floor(state.random() * 2));
  const length = Math.min(mostItems, most, Math.max(least, usual));
  // `cities` holds what a `city` is.
  const itemName = name.replace(/ies$/, "y").replace(/s$/, "");
  const tries = state.tries;
  const value: unknown[] = [];
  for (let at = 0; at < length; at += 1) {
    if (at >= fixed.length && others === false) break;
    const part =
      at < fixed.length
        ? asSchema(fixed[at])
        : at - fixed.length < containing
          ? { allOf: [others, contains] }
          : others;
    value.push(
      uniqueItems === true
        ? drawOther({ state, frugal, next }, value, () => next(part, itemName))
        : next(part, itemName),
    );
  }
  state.tries = tries;
  return value;
}

/**
 * A value that is not among those before; the last try where there seems to be none. It leaves the tries
 * where they are: texts are numbered by them, and the next value needs a further number.
 */
function drawOther({ state }: InnerDraw, before: readonly unknown[], draw: () => unknown): unknown {
  let value = draw();
  for (let again = 0; again < 20 && matchesSchema(true, { enum: before }, value); again += 1) {
    state.tries += 1;
    value = draw();
  }
  return value;
}
