import type { RunState } from "../routing/run-state.ts";
import type { PlannedCall } from "./planned-call.ts";
import { routeSummary, type RouteEnd } from "./route-summary.ts";
import type { RunnerOptions } from "./runner-options.ts";

/** The run of a call is over. Who listens hears of it inside its route, so that what follows from it is told there. */
export function endCall(
  { onCallEnd }: Pick<RunnerOptions, "onCallEnd">,
  call: PlannedCall,
  state: RunState,
  end: RouteEnd,
): void {
  if (onCallEnd !== undefined) call.route.run(() => onCallEnd(call, end));
  call.route.end(routeSummary(call, state, end));
}
