import type { BudgetConfig } from "../config/config.ts";
import { type BudgetPeriod, boundsOf, type PeriodBounds } from "./budget-period.ts";

/** Whom a call is paid by. */
export interface BudgetAccount {
  readonly caller: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One limit of one budget. */
export interface BudgetLimit {
  /** Such as `caller team-a` or `label team=x`: what the caller is told, and stands in logs. */
  readonly name: string;
  readonly period: BudgetPeriod;
  readonly limitNanos: bigint;
}

/** What is left under the tightest of the limits that an account has. */
export interface BudgetLeft {
  readonly limit: BudgetLimit;
  /** Not below zero. */
  readonly nanos: bigint;
  /** Milliseconds since the epoch. */
  readonly resetsAt: number;
}

/** What a call may cost, set aside until it is known what it did cost. */
export interface BudgetReservation {
  /** Gives it back and books this instead; later settlements do nothing. */
  readonly settle: (nanos: bigint) => void;
}

/** A limit with what was spent under it in its current period. */
export interface BudgetStanding extends PeriodBounds {
  readonly limit: BudgetLimit;
  readonly spentNanos: bigint;
  readonly reservedNanos: bigint;
}

/** What callers and labels may spend, and have spent. Never waits. */
export interface BudgetBook {
  /** Undefined: no budget is about this account. */
  readonly left: (account: BudgetAccount) => BudgetLeft | undefined;
  readonly reserve: (account: BudgetAccount, nanos: bigint) => BudgetReservation;
  /** Something was spent elsewhere: before a restart, or by another process. @param at milliseconds since the epoch */
  readonly learn: (account: BudgetAccount, nanos: bigint, at: number) => void;
  readonly standings: () => readonly BudgetStanding[];
}

/** A limit whose warning level was passed. */
export interface BudgetWarning {
  readonly limit: BudgetLimit;
  readonly spentNanos: bigint;
  readonly resetsAt: number;
}

interface Page {
  readonly limit: BudgetLimit;
  readonly budget: BudgetConfig;
  /** That an account must have. */
  readonly labels: readonly (readonly [string, string])[];
  bounds: PeriodBounds;
  spent: bigint;
  reserved: bigint;
  warned: boolean;
}

/**
 * @param options.now milliseconds since the epoch
 * @param options.onWarning told once a period, when what was spent reaches the warning level
 */
export function createBudgetBook(options: {
  readonly budgets: readonly BudgetConfig[];
  readonly now: () => number;
  readonly onWarning: (warning: BudgetWarning) => void;
}): BudgetBook {
  const { now, onWarning } = options;
  const pages = options.budgets.flatMap((budget) => pagesOf(budget, now()));

  /** Turned over by whoever looks: a period that is over takes what was spent in it along. */
  const current = (page: Page): Page => {
    if (now() >= page.bounds.resetsAt || now() < page.bounds.startsAt) {
      page.bounds = boundsOf(page.limit.period, now());
      page.spent = 0n;
      page.warned = false;
    }
    return page;
  };

  const pagesFor = (account: BudgetAccount): readonly Page[] =>
    pages.filter((page) => covers(page, account)).map(current);

  const book = (page: Page, nanos: bigint): void => {
    page.spent += nanos;
    const { limit, budget, bounds } = page;
    if (page.warned || page.spent * 100n < limit.limitNanos * BigInt(budget.warnPercent)) return;
    page.warned = true;
    onWarning({ limit, spentNanos: page.spent, resetsAt: bounds.resetsAt });
  };

  return {
    left: (account) => {
      let tightest: BudgetLeft | undefined;
      for (const page of pages) {
        if (!covers(page, account)) continue;
        const { limit, spent, reserved, bounds } = current(page);
        const free = limit.limitNanos - spent - reserved;
        const nanos = free < 0n ? 0n : free;
        if (tightest === undefined || nanos < tightest.nanos) {
          tightest = { limit, nanos, resetsAt: bounds.resetsAt };
        }
      }
      return tightest;
    },
    reserve: (account, nanos) => {
      const held = pagesFor(account);
      for (const page of held) page.reserved += nanos;
      let settled = false;
      return {
        settle: (spent) => {
          if (settled) return;
          settled = true;
          for (const page of held) {
            page.reserved -= nanos;
            book(current(page), spent);
          }
        },
      };
    },
    learn: (account, nanos, at) => {
      for (const page of pagesFor(account)) {
        if (at >= page.bounds.startsAt && at < page.bounds.resetsAt) book(page, nanos);
      }
    },
    standings: () =>
      pages.map(current).map(({ limit, bounds, spent, reserved }) => ({
        ...bounds,
        limit,
        spentNanos: spent,
        reservedNanos: reserved,
      })),
  };
}

function pagesOf(budget: BudgetConfig, at: number): readonly Page[] {
  const limits: readonly (readonly [BudgetPeriod, bigint | undefined])[] = [
    ["day", budget.perDayNanos],
    ["month", budget.perMonthNanos],
  ];
  return limits.flatMap(([period, limitNanos]) =>
    limitNanos === undefined
      ? []
      : [
          {
            limit: { name: nameOf(budget), period, limitNanos },
            budget,
            labels: Object.entries(budget.label ?? {}),
            bounds: boundsOf(period, at),
            spent: 0n,
            reserved: 0n,
            warned: false,
          },
        ],
  );
}

function nameOf({ caller, label }: BudgetConfig): string {
  if (caller !== undefined) return `caller ${caller}`;
  const pairs = Object.entries(label ?? {}).map(([key, value]) => `${key}=${value}`);
  return `label ${pairs.join(",")}`;
}

function covers({ budget, labels }: Page, account: BudgetAccount): boolean {
  if (budget.caller !== undefined && budget.caller !== account.caller) return false;
  for (const [key, value] of labels) if (account.labels[key] !== value) return false;
  return true;
}
