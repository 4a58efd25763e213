import type { BudgetBook } from "../admission/budget-book.ts";
import type { CanaryWord } from "../attempt/canary-word.ts";
import type { Fleet } from "../attempt/fleet.ts";
import type { SetTimer } from "../attempt/timer.ts";
import type { Config } from "../config/config.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { DecisionFeed } from "../rpc/decision-feed.ts";
import type { SharedKeys } from "../upstream/key-clients.ts";
import { inFlightElsewhere, metricsOfAll, reportOfAll } from "./ask-peers.ts";
import { type HeedingParts, heedPeers } from "./heed-peers.ts";
import type { WorkerSeat } from "./join-primary.ts";
import { tellOfBudgets } from "./tell-of-budgets.ts";
import { tellOfCalls } from "./tell-of-calls.ts";
import { tellOfCanary } from "./tell-of-canary.ts";
import { type SharedDecisions, tellOfDecisions } from "./tell-of-decisions.ts";
import { tellOfBreakers, tellOfHolds } from "./tell-of-fleet.ts";
import { sharedKeys } from "./tell-of-keys.ts";

/** How a gateway's parts are tied to those of its other workers; where there are none they stay what they are. */
export interface Sharing {
  /** Of an upstream. */
  readonly keys: (upstream: string) => SharedKeys | undefined;
  readonly onCanaryWord: ((word: CanaryWord) => void) | undefined;
  /** True while another worker's word is heeded. */
  readonly overheard: () => boolean;
  /** From now on it is known how many of its calls are under way. */
  readonly calls: (underWay: () => number) => void;
  readonly fleetForCalls: (fleet: Fleet) => Fleet;
  readonly fleetForOperators: (fleet: Fleet) => Fleet;
  readonly budgets: (book: BudgetBook) => BudgetBook;
  readonly reports: (ledger: Ledger) => Pick<Ledger, "report">;
  readonly decisions: (feed: DecisionFeed) => SharedDecisions;
  readonly metrics: (own: (() => Promise<string>) | undefined) => (() => Promise<string>) | undefined;
  /** Calls under way in the other workers, by deployment. */
  readonly inFlightElsewhere: () => Promise<ReadonlyMap<string, number>>;
  /** From now on this gateway does what the others say. */
  readonly heed: (parts: Omit<HeedingParts, "now">) => void;
}

interface SharingOptions {
  readonly config: Pick<Config, "budgets">;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly setTimer: SetTimer;
}

/** @param worker undefined: this process is the whole gateway */
export function shareAmongWorkers(worker: WorkerSeat | undefined, options: SharingOptions): Sharing {
  if (worker === undefined) return alone;
  const { peers } = worker;
  const { config, now, wallClock, setTimer } = options;
  return {
    keys: (upstream) => sharedKeys(worker, upstream),
    onCanaryWord: tellOfCanary(peers, setTimer),
    overheard: peers.telling,
    calls: (underWay) => tellOfCalls(underWay, worker.tellCalls, setTimer),
    fleetForCalls: (fleet) => tellOfHolds(fleet, peers, now),
    fleetForOperators: (fleet) => tellOfBreakers(fleet, peers),
    budgets: (book) => tellOfBudgets(book, config.budgets, peers, wallClock),
    reports: (ledger) => reportOfAll(ledger, worker),
    decisions: (feed) => tellOfDecisions(feed, peers),
    metrics: (own) => own && metricsOfAll(worker, own),
    inFlightElsewhere: () => inFlightElsewhere(worker),
    heed: (parts) => peers.listen(heedPeers({ ...parts, now })),
  };
}

const nothingElsewhere: ReadonlyMap<string, number> = new Map();

const alone: Sharing = {
  keys: () => undefined,
  onCanaryWord: undefined,
  overheard: () => false,
  calls: () => {},
  fleetForCalls: (fleet) => fleet,
  fleetForOperators: (fleet) => fleet,
  budgets: (book) => book,
  reports: (ledger) => ledger,
  decisions: (feed) => ({ ...feed, watchedBy: () => {} }),
  metrics: (own) => own,
  inFlightElsewhere: () => Promise.resolve(nothingElsewhere),
  heed: () => {},
};
