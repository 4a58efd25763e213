import type { Candidate } from "./catalog.ts";
import type { RunState } from "./run-state.ts";

/**
 * Who is asked while another attempt is still silent: the next candidate in order that this call has not called,
 * if it can surely be called. Undefined where there is none, or no attempt is left for it.
 * @param ready whether a deployment has room and a closed breaker: a hedge is no probe
 */
export function hedgeCandidate(
  state: RunState,
  maxAttempts: number,
  ready: (deploymentId: string) => boolean,
): Candidate | undefined {
  if (state.attempts >= maxAttempts) return undefined;
  return state.candidates.find(
    ({ deployment: { id } }) => !state.called.has(id) && !state.out.has(id) && ready(id),
  );
}
