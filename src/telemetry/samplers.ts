import { AlwaysOffSampler, ParentBasedSampler, type Sampler } from "@opentelemetry/sdk-trace";

/**
 * For a process that exports nothing: ids without recording. A caller's sampled trace stays sampled, so that
 * an upstream which does export still joins it.
 */
export function recordNothing(): Sampler {
  return new ParentBasedSampler({ root: new AlwaysOffSampler() });
}
