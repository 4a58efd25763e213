// A process that writes to a ledger as a gateway does, for tests that kill it or run several at once.
// Arguments: the file, a name for its calls, how many attempts to record (0: until it is killed).
// Prints `started`, then `recorded n` and `written n` as they happen: what is written is to survive anything.
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { setProcessTimer } from "../../src/attempt/timer.ts";
import { createBatchingLedger } from "../../src/ledger/batching-ledger.ts";
import { openSqliteStore } from "../../src/ledger/sqlite-store.ts";
import { attemptRecord } from "./ledger-samples.ts";

const [path = "", name = "", wanted = "0"] = process.argv.slice(2);
const most = Number(wanted) || Infinity;
const opening = await openSqliteStore(path);
if (opening.kind === "refused") throw new Error(opening.why);

// Not console.log: a line must be out before the next statement, or a kill would take it along.
const say = (line: string): void => void writeSync(1, `${line}\n`);
let written = 0;
const ledger = createBatchingLedger({
  store: opening.store,
  setTimer: setProcessTimer,
  observe: () => () => {},
  events: {
    written: (records) => say(`written ${(written += records)}`),
    failed: ({ code }) => say(`failed ${code}`),
    dropped: () => say("dropped"),
    closed: (lost) => say(`lost ${lost}`),
  },
});
say("started");
for (let recorded = 1; recorded <= most; recorded++) {
  const calledAt = Date.now();
  ledger.record(attemptRecord({ decisionId: `PROD_${name}_${recorded}`, calledAt }));
  if (recorded % 20 === 0) {
    say(`recorded ${recorded}`);
    await sleep(1);
  }
}
await ledger.close();
