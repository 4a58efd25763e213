import { describe, expect, it } from "vitest";
import { type BudgetBook, createBudgetBook } from "../../src/admission/budget-book.ts";
import type { BudgetConfig } from "../../src/config/config.ts";
import { heedPeers } from "../../src/workers/heed-peers.ts";
import type { PeerFact } from "../../src/workers/peer-fact.ts";
import type { PeerListener } from "../../src/workers/peers.ts";
import { tellOfBudgets } from "../../src/workers/tell-of-budgets.ts";

const noon = Date.UTC(2026, 1, 28, 12);
const none = { perDayNanos: 100n, perMonthNanos: undefined, warnPercent: 80 };
const budgets: readonly BudgetConfig[] = [
  { ...none, caller: "team-a", label: undefined },
  { ...none, caller: undefined, label: { team: "x" } },
];

/** A worker's book as its calls use it, and its ear for others. */
function createWorker(tell: (fact: PeerFact) => void): {
  readonly book: BudgetBook;
  readonly hear: PeerListener;
} {
  const own = createBudgetBook({ budgets, now: () => noon, onWarning: () => {} });
  const unused = {
    upstreams: new Map(),
    fleet: {
      snapshot: () => [],
      holdUntil: () => {},
      breaker: () => undefined,
      upstreamBreaker: () => undefined,
    },
    canary: undefined,
    keys: {
      rotate: () => Promise.resolve({ kind: "unknown" as const }),
      reload: () => Promise.resolve({ kind: "invalid" as const, problems: [] }),
    },
    decisions: { watchedBy: () => {}, overhear: () => {}, latest: () => [] },
    flush: () => Promise.resolve(),
    metrics: undefined,
    now: () => 0,
  };
  return {
    book: tellOfBudgets(own, budgets, { tell }, () => noon),
    hear: heedPeers({ ...unused, budgets: own }),
  };
}

describe("budgets of several workers", () => {
  const teamA = { caller: "team-a", labels: {} };
  const create = () => {
    const facts: PeerFact[] = [];
    const one = createWorker((fact) => facts.push(fact));
    const other = createWorker(() => {});
    const tell = (): void => {
      for (const fact of facts.splice(0)) other.hear.onFact({ fact, from: 1 });
    };
    return { one: one.book, other: other.book, hear: other.hear, tell, facts };
  };

  it("hold in each what is set aside in all, and then what was spent", () => {
    const { one, other, tell } = create();
    const first = one.reserve(teamA, 40n);
    one.reserve(teamA, 10n);
    tell();
    expect(other.left(teamA)?.nanos).toBe(50n);
    first.settle(25n);
    first.settle(25n);
    tell();
    expect(other.left(teamA)?.nanos).toBe(65n);
    expect(one.left(teamA)?.nanos).toBe(65n);
  });

  it("give back what a worker that died had set aside", () => {
    const { one, other, hear, tell } = create();
    one.reserve(teamA, 40n).settle(5n);
    one.reserve(teamA, 40n);
    tell();
    hear.onLeft(2);
    expect(other.left(teamA)?.nanos).toBe(55n);
    hear.onLeft(1);
    expect(other.left(teamA)?.nanos).toBe(95n);
  });

  it("tell of an account no more than budgets ask for", () => {
    const { one, other, tell, facts } = create();
    one.reserve({ caller: "stranger", labels: { team: "x", request: "7" } }, 3n);
    expect(facts).toEqual([
      { kind: "reserved", reservation: 1, account: { caller: "", labels: { team: "x" } }, nanos: 3n },
    ]);
    tell();
    expect(other.left({ caller: "anybody", labels: { team: "x" } })?.nanos).toBe(97n);
    expect(other.left(teamA)?.nanos).toBe(100n);
  });

  it("book what was spent before this worker listened", () => {
    const { other, hear } = create();
    hear.onFact({ from: 0, fact: { kind: "spent", reservation: 9, account: teamA, nanos: 30n, at: noon } });
    expect(other.left(teamA)?.nanos).toBe(70n);
  });
});
