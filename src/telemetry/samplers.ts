import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
} from "@opentelemetry/sdk-trace";

/**
 * Records every call, also one whose caller sampled its own trace away: the collector decides what to keep.
 * With the SDK's default a caller's `traceparent` ending in `-00` makes our trace vanish.
 */
export function recordEverything(): Sampler {
  return new ParentBasedSampler({
    root: new AlwaysOnSampler(),
    remoteParentNotSampled: new AlwaysOnSampler(),
  });
}

/**
 * For a process that exports nothing: ids without recording. A caller's sampled trace stays sampled, so that
 * an upstream which does export still joins it.
 */
export function recordNothing(): Sampler {
  return new ParentBasedSampler({ root: new AlwaysOffSampler() });
}
