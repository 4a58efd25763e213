import type { Price } from "../routing/catalog.ts";
import { costNanos } from "../routing/cost.ts";
import type { ReportRow, ReportRows } from "./report-rows.ts";

/** What a number of attempts cost. */
export interface ReportCost {
  /** Of those that have a price. */
  readonly nanos: bigint;
  /** Attempts that used tokens and have none: theirs is in no sum. */
  readonly unpricedAttempts: bigint;
  /** Some of it was priced from tokens that we counted. */
  readonly estimated: boolean;
}

/** What the calls of an arm, or those that tried a model, came to. */
export interface ReportPart {
  readonly requests: bigint;
  /** Got no answer, and not for their caller's sake. */
  readonly failures: bigint;
  readonly rescued: bigint;
  readonly cancelled: bigint;
  readonly refused: bigint;
  readonly attempts: bigint;
  readonly attemptFailures: bigint;
  /** Of the answered calls, in milliseconds; undefined where there is none. */
  readonly latencyMeanMs: number | undefined;
  readonly latencyP95Ms: number | undefined;
  /** 0 to 1; undefined where nothing counts. */
  readonly errorRate: number | undefined;
  readonly availability: number | undefined;
  readonly cost: ReportCost;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
}

export interface ArmPart extends ReportPart {
  /** `none`: calls that are not compared, told apart only where others are. */
  readonly arm: "stable" | "canary" | "none";
}

export interface ModelPart extends ReportPart {
  readonly model: string;
}

/** From stable to canary in percent of stable: -57.1 is 57.1 % less. Undefined where stable's is 0 or unknown. */
export interface ArmChange {
  readonly latencyMean: number | undefined;
  readonly latencyP95: number | undefined;
  readonly errorRate: number | undefined;
  readonly availability: number | undefined;
  readonly costPerRequest: number | undefined;
  readonly inputTokensPerRequest: number | undefined;
  readonly outputTokensPerRequest: number | undefined;
}

/** What everything would have cost on one model. */
interface SingleModelCost {
  /** Undefined: no configured model has a price. */
  readonly model: string | undefined;
  readonly nanos: bigint;
  readonly estimated: boolean;
}

export interface Report {
  readonly arms: readonly ArmPart[];
  /** The one with the most calls first. */
  readonly models: readonly ModelPart[];
  /** Undefined where not both arms have calls. */
  readonly change: ArmChange | undefined;
  readonly singleModel: SingleModelCost;
}

/** A model that could have served everything. */
export interface PricedModel {
  readonly id: string;
  readonly price: Price | undefined;
}

/**
 * The report on what a store counted. Error rate and availability say different things. An arm's error rate counts the
 * calls that their first deployment failed, whoever answered them then (a rescued canary call is a failed one); a
 * model's counts its attempts. Availability counts the calls that got an answer. Calls that their callers ended, or that
 * were refused for what they asked, are in neither.
 * @param configured every model of the config
 */
export function reportOf(rows: ReportRows, configured: readonly PricedModel[]): Report {
  const arms = armParts(rows.arms);
  const stable = arms.find(({ arm }) => arm === "stable");
  const canary = arms.find(({ arm }) => arm === "canary");
  const compared =
    stable !== undefined && canary !== undefined && stable.requests > 0n && canary.requests > 0n;
  return {
    arms,
    models: rows.models
      .map((row) => ({ ...partOf(row, attemptErrorRate(row)), model: row.subject }))
      .toSorted((a, b) => Number(b.requests - a.requests) || (a.model < b.model ? -1 : 1)),
    change: compared ? changeBetween(stable, canary) : undefined,
    singleModel: dearestModel(rows.models, configured),
  };
}

/** Without a canary every call is the stable arm's; with one, those that are not compared stand apart. */
function armParts(rows: readonly ReportRow[]): readonly ArmPart[] {
  const compared = rows.some(({ subject }) => subject !== "none");
  const armOf = (subject: string): ArmPart["arm"] => {
    if (subject === "canary") return "canary";
    return subject === "none" && compared ? "none" : "stable";
  };
  const order = ["stable", "canary", "none"];
  return rows
    .map((row): ArmPart => ({ ...partOf(row, callErrorRate(row)), arm: armOf(row.subject) }))
    .toSorted((a, b) => order.indexOf(a.arm) - order.indexOf(b.arm));
}

function partOf(row: ReportRow, errorRate: number | undefined): ReportPart {
  return {
    requests: row.requests,
    failures: row.failed,
    rescued: row.rescued,
    cancelled: row.cancelled,
    refused: row.refused,
    attempts: row.attempts,
    attemptFailures: row.attemptsFailed,
    latencyMeanMs: row.answered === 0n ? undefined : Number(row.latencySumUs) / Number(row.answered) / 1000,
    latencyP95Ms: row.latencyP95Us === undefined ? undefined : Number(row.latencyP95Us) / 1000,
    errorRate,
    availability: share(row.answered, row.answered + row.failed),
    cost: {
      nanos: row.costNanos,
      unpricedAttempts: row.attemptsUnpriced,
      estimated: row.attemptsEstimated > 0n,
    },
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
  };
}

function callErrorRate(row: ReportRow): number | undefined {
  return share(row.failed + row.rescued, row.answered + row.failed);
}

function attemptErrorRate(row: ReportRow): number | undefined {
  return share(row.attemptsFailed, row.attemptsSucceeded + row.attemptsFailed);
}

function share(part: bigint, whole: bigint): number | undefined {
  return whole === 0n ? undefined : Number(part) / Number(whole);
}

function changeBetween(stable: ArmPart, canary: ArmPart): ArmChange {
  const change = (of: (part: ArmPart) => number | undefined): number | undefined =>
    percent(of(stable), of(canary));
  const each = (of: (part: ArmPart) => bigint) => (part: ArmPart) => share(of(part), part.requests);
  const priced = stable.cost.unpricedAttempts === 0n && canary.cost.unpricedAttempts === 0n;
  return {
    latencyMean: change((part) => part.latencyMeanMs),
    latencyP95: change((part) => part.latencyP95Ms),
    errorRate: change((part) => part.errorRate),
    availability: change((part) => part.availability),
    // A sum without what has no price would compare nothing with something.
    costPerRequest: priced ? change(each((part) => part.cost.nanos)) : undefined,
    inputTokensPerRequest: change(each((part) => part.inputTokens)),
    outputTokensPerRequest: change(each((part) => part.outputTokens)),
  };
}

function percent(before: number | undefined, after: number | undefined): number | undefined {
  if (before === undefined || after === undefined || before === 0) return undefined;
  return ((after - before) / before) * 100;
}

/** All tokens priced at once, at the model for which that comes to most. */
function dearestModel(rows: readonly ReportRow[], configured: readonly PricedModel[]): SingleModelCost {
  const sum = (of: (row: ReportRow) => bigint): number =>
    Number(rows.reduce((total, row) => total + of(row), 0n));
  const tokens = {
    input: sum((row) => row.inputTokens),
    cachedInput: sum((row) => row.cachedInputTokens),
    output: sum((row) => row.outputTokens),
  };
  const estimated = rows.some((row) => row.attemptsEstimated > 0n);
  let dearest: SingleModelCost = { model: undefined, nanos: 0n, estimated };
  for (const { id, price } of configured) {
    if (price === undefined) continue;
    const nanos = costNanos(price, tokens);
    if (dearest.model === undefined || nanos > dearest.nanos) dearest = { model: id, nanos, estimated };
  }
  return dearest;
}
