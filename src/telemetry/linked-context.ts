import type { Context } from "@opentelemetry/api";

/**
 * A context as a list of what was set, the last first. The API's own copies a Map for each value; a call sets four, and
 * asks for what stands near the top.
 */
class LinkedContext implements Context {
  readonly #below: LinkedContext | undefined;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  constructor(below?: LinkedContext, key?: symbol, value?: unknown) {
    this.#below = below;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    if (this.#key === key) return this.#value;
    return this.#below?.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LinkedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new LinkedContext(this, key, undefined);
  }
}

/** The root of a call's context: nothing is set in it. */
export const callRoot: Context = new LinkedContext();
