import { inspect } from "node:util";

/** A key's characters, which show themselves only when asked by name: not in logs, JSON or inspection. */
export interface Secret {
  readonly reveal: () => string;
  readonly toJSON: () => string;
  readonly toString: () => string;
  readonly [inspect.custom]: () => string;
}

const hidden = (): string => "***";

/** Wraps a key. @see test/config/secret.test.ts */
export function createSecret(value: string): Secret {
  return { reveal: () => value, toJSON: hidden, toString: hidden, [inspect.custom]: hidden };
}
