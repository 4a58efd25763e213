import type { Finding } from "./config-path.ts";
import { entriesOf, fieldOf } from "./raw-value.ts";

/** The name that the simulator takes among the upstreams. */
export const simulatorName = "simulator";

// The contract's pattern for a deployment leaves 62 characters behind `model@`.
const upstreamName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,61}$/;
const upstreamNameAllowed =
  "must be a name of 1 to 62 letters, digits, dots, dashes and underscores that begins with a letter or digit";

// `Target.model` of routing.proto, with the slash that parts the provider from the name.
const modelId = /^(?=.{1,128}$)[A-Za-z0-9][A-Za-z0-9._:@-]*\/[A-Za-z0-9._:/@-]+$/;
const modelIdAllowed =
  'must be "provider/model-name": at most 128 letters, digits and ._:/@- that begin with a letter or digit';

/** Names that a caller could not write, or that mean something else. */
export function nameFindings(value: unknown): readonly Finding[] {
  const upstreams = entriesOf(fieldOf(value, "upstreams")).flatMap(([name]): readonly Finding[] => {
    const at = ["upstreams", name];
    if (name === simulatorName) {
      return [{ at, message: "is the name of the embedded simulator; choose another" }];
    }
    return upstreamName.test(name) ? [] : [{ at, message: upstreamNameAllowed }];
  });
  const models = entriesOf(fieldOf(value, "models")).flatMap(([id]): readonly Finding[] =>
    modelId.test(id) ? [] : [{ at: ["models", id], message: modelIdAllowed }],
  );
  return [...upstreams, ...models];
}
