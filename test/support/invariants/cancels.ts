import { type Invariant, nameOf, nameOfRequest } from "./invariant.ts";
import { isBefore, overAt } from "./run-record.ts";

/** What a call leaves behind that its caller, its deadline or the server ended. */
export const cancels: readonly Invariant[] = [
  {
    number: 20,
    says: "a call that ends from outside ends its requests within 50 ms, and nobody's failure comes of it",
    *breaches({ calls }) {
      for (const call of calls) {
        const end = call.ending?.when ?? call.left;
        if (end === undefined) continue;
        for (const request of call.requests) {
          const over = overAt(request);
          if (over === undefined || (isBefore(end, over) && over.at > end.at + 50))
            yield `${nameOfRequest(request)} goes on until ${over?.at}, though its call ended at ${end.at}`;
        }
        for (const { settlements, deployment } of call.visits) {
          for (const { when, verdict } of settlements) {
            // It may have been answered just before, though nobody had read so.
            const harmless = verdict.breaker === "ignore" || verdict.breaker === "success";
            if (isBefore(end, when) && !harmless)
              yield `${nameOf(call)} tells ${deployment.id} of ${JSON.stringify(verdict.breaker)} after its end`;
          }
        }
      }
    },
  },
];
