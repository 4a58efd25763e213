import type { BudgetAccount, BudgetBook } from "../admission/budget-book.ts";
import type { BudgetConfig } from "../config/config.ts";
import type { Peers } from "./peers.ts";

/** A book whose reservations and settlements the other workers hear of. @param wallClock milliseconds since the epoch */
export function tellOfBudgets(
  book: BudgetBook,
  budgets: readonly BudgetConfig[],
  peers: Pick<Peers, "tell">,
  wallClock: () => number,
): BudgetBook {
  const short = shortAccount(budgets);
  let reservations = 0;
  return {
    ...book,
    reserve: (account, nanos) => {
      const held = book.reserve(account, nanos);
      const reservation = (reservations += 1);
      const told = short(account);
      peers.tell({ kind: "reserved", reservation, account: told, nanos });
      let settled = false;
      return {
        settle: (spent) => {
          held.settle(spent);
          if (settled) return;
          settled = true;
          peers.tell({ kind: "spent", reservation, account: told, nanos: spent, at: wallClock() });
        },
      };
    },
  };
}

/** Of an account what budgets ask for: what callers write into other labels is as manifold as they like. */
function shortAccount(budgets: readonly BudgetConfig[]): (account: BudgetAccount) => BudgetAccount {
  const asked = new Set(budgets.flatMap(({ label }) => Object.keys(label ?? {})));
  const named = new Set(budgets.map(({ caller }) => caller));
  return ({ caller, labels }) => ({
    caller: named.has(caller) ? caller : "",
    labels: Object.fromEntries(Object.entries(labels).filter(([label]) => asked.has(label))),
  });
}
