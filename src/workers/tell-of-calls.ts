import type { SetTimer } from "../attempt/timer.ts";

const everyMs = 250;

/**
 * Tells how many calls are under way, where that has changed: should this process be killed, only its primary can say
 * how many went with it. A message for each call would cost more than that is worth.
 */
export function tellOfCalls(underWay: () => number, tell: (calls: number) => void, setTimer: SetTimer): void {
  let told = 0;
  const look = (): void => {
    const calls = underWay();
    if (calls !== told) tell(calls);
    told = calls;
    setTimer(look, everyMs);
  };
  setTimer(look, everyMs);
}
