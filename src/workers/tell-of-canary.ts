import type { ArmCall } from "../attempt/arm-call.ts";
import type { CanaryWord } from "../attempt/canary-word.ts";
import type { SetTimer } from "../attempt/timer.ts";
import type { Peers } from "./peers.ts";

/** Calls are many, and what they show is not urgent. */
const gatherMs = 50;

/** Tells of decisions at once, and of calls in batches. */
export function tellOfCanary(peers: Pick<Peers, "tell">, setTimer: SetTimer): (word: CanaryWord) => void {
  let calls: CanaryWord[] = [];
  const tellCalls = (): void => {
    const words = calls;
    calls = [];
    peers.tell({ kind: "canary", words });
  };
  return (word) => {
    if (word.kind === "stands") {
      peers.tell({ kind: "canary", words: [word] });
      return;
    }
    calls.push({ ...word, call: portable(word.call) });
    if (calls.length === 1) setTimer(tellCalls, gatherMs);
  };
}

/** Without what only this process can hold, such as the causes of failures. */
function portable(call: ArmCall): ArmCall {
  const attempts = call.attempts.map(({ cost, usage }) => ({
    cost,
    usage: usage && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens },
  }));
  return { ...call, attempts };
}
