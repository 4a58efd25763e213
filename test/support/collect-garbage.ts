import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
// Once: a context for each collection would be garbage of its own.
const collect: (options: { readonly type: "minor" | "major" }) => void = runInNewContext("gc");

/** Collects garbage at once. `minor` takes what is young alone, and makes old what survives it twice. */
export function collectGarbage(type: "minor" | "major"): void {
  collect({ type });
}
