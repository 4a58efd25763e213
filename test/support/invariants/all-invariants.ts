import { attemptLimits } from "./attempt-limits.ts";
import { breakerLaws } from "./breaker-laws.ts";
import { callEndings } from "./call-endings.ts";
import { canaryArms } from "./canary-arms.ts";
import { cancels } from "./cancels.ts";
import { hardFilters } from "./hard-filters.ts";
import { holdings } from "./holdings.ts";
import type { Invariant } from "./invariant.ts";
import { keyRests } from "./key-rests.ts";
import { ledgerEntries } from "./ledger-entries.ts";
import type { RunRecord } from "./run-record.ts";
import { streamedAnswers } from "./streamed-answers.ts";
import { waits } from "./waits.ts";

/** By their numbers. */
const invariants: readonly Invariant[] = [
  attemptLimits,
  breakerLaws,
  callEndings,
  canaryArms,
  cancels,
  hardFilters,
  holdings,
  keyRests,
  ledgerEntries,
  streamedAnswers,
  waits,
]
  .flat()
  .toSorted((a, b) => a.number - b.number);

/** Throws with the number and the words of the first invariant that the run breaks. */
export function holdAll(run: RunRecord): void {
  for (const { number, says, breaches } of invariants) {
    const all = [...breaches(run)];
    if (all.length > 0)
      throw new Error(`invariant ${number} (${says}) is broken:\n${all.slice(0, 5).join("\n")}`);
  }
}
