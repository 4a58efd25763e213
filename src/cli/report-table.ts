import type { Duration } from "@bufbuild/protobuf/wkt";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type {
  ArmReport,
  GetReportResponse,
  ModelReport,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { CanaryArm, type Cost } from "../../gen/switchyard/v1/routing_pb.ts";
import { formatDuration } from "./duration.ts";
import { formatUsd } from "./money.ts";
import { formatTable } from "./table.ts";

/** A report for a person: the arms with the change between them, the models, and what it was all worth. */
export function formatReport(report: GetReportResponse): string {
  const { startTime, endTime } = report;
  const day = (time: typeof startTime): string =>
    time === undefined ? "?" : timestampDate(time).toISOString().slice(0, 16).replace("T", " ");
  const head = `${day(startTime)} to ${day(endTime)} UTC`;
  if (report.arms.length === 0) return `${head}\n\nno calls`;
  const arms = [...report.arms.map(armRow), ...changeRows(report)];
  return [
    head,
    formatTable([armHeading, ...arms]),
    formatTable([modelHeading, ...report.models.map(modelRow)]),
    [...notes(report), singleModelLine(report)].join("\n"),
  ].join("\n\n");
}

/** The arms side by side. */
export function formatArms(arms: readonly ArmReport[]): string {
  return formatTable([armHeading, ...arms.map(armRow)]);
}

const tokens = ["TOKENS IN", "TOKENS OUT", "COST"];
const rates = ["MEAN", "P95", "ERRORS", "AVAILABLE"];
const armHeading = ["ARM", "REQUESTS", ...rates, "RESCUED", ...tokens, "COST/REQUEST"];

function armRow(arm: ArmReport): readonly string[] {
  return [
    armName(arm.arm),
    `${arm.requests}`,
    optionalDuration(arm.latencyMean),
    optionalDuration(arm.latencyP95),
    rate(arm.errorRate),
    rate(arm.availability),
    `${arm.rescued}`,
    `${arm.inputTokens}`,
    `${arm.outputTokens}`,
    costCell(arm.cost, arm.unpricedAttempts),
    perRequest(arm.cost, arm.requests),
  ];
}

function armName(arm: CanaryArm): string {
  if (arm === CanaryArm.CANARY) return "canary";
  return arm === CanaryArm.STABLE ? "stable" : "not compared";
}

/** The change from stable to canary, under the columns that it is about. */
function changeRows({ change }: GetReportResponse): readonly (readonly string[])[] {
  if (change === undefined) return [];
  return [
    [
      "change",
      "",
      percent(change.latencyMean),
      percent(change.latencyP95),
      percent(change.errorRate),
      percent(change.availability),
      "",
      perRequestChange(change.inputTokensPerRequest),
      perRequestChange(change.outputTokensPerRequest),
      "",
      percent(change.costPerRequest),
    ],
  ];
}

const modelHeading = ["MODEL", "REQUESTS", "ATTEMPTS", ...rates, ...tokens];

function modelRow(model: ModelReport): readonly string[] {
  return [
    // A call that named no model of ours and could be sent nowhere.
    model.model || "none",
    `${model.requests}`,
    `${model.attempts}`,
    optionalDuration(model.latencyMean),
    optionalDuration(model.latencyP95),
    rate(model.errorRate),
    rate(model.availability),
    `${model.inputTokens}`,
    `${model.outputTokens}`,
    costCell(model.cost, model.unpricedAttempts),
  ];
}

function notes({ arms }: GetReportResponse): readonly string[] {
  const sum = (of: (arm: ArmReport) => bigint): bigint => arms.reduce((total, arm) => total + of(arm), 0n);
  const outside = sum(({ cancelled }) => cancelled);
  const refused = sum(({ refused }) => refused);
  const unpriced = sum(({ unpricedAttempts }) => unpricedAttempts);
  return [
    ...(outside + refused === 0n
      ? []
      : [
          `not counted as errors: ${outside} cancelled by their callers, ${refused} refused for what they asked`,
        ]),
    ...(unpriced === 0n ? [] : [`+ some of it has no price: ${unpriced} attempts are in no cost`]),
  ];
}

function singleModelLine({ arms, singleModel, singleModelCost }: GetReportResponse): string {
  if (singleModel === "" || singleModelCost === undefined) return "no configured model has a price";
  const paid = arms.reduce((total, { cost }) => total + (cost?.nanosUsd ?? 0n), 0n);
  const saved = singleModelCost.nanosUsd - paid;
  const share =
    singleModelCost.nanosUsd === 0n ? 0 : (Number(saved) / Number(singleModelCost.nanosUsd)) * 100;
  const difference = saved >= 0n ? `${formatUsd(saved)} less` : `${formatUsd(-saved)} more`;
  return (
    `cost ${formatUsd(paid)}; the same tokens on ${singleModel}, the dearest model: ` +
    `${formatUsd(singleModelCost.nanosUsd)} (paid ${difference}, ${Math.abs(share).toFixed(1)} %)`
  );
}

function optionalDuration(duration: Duration | undefined): string {
  return duration === undefined ? "-" : formatDuration(duration);
}

function costCell(cost: Cost | undefined, unpricedAttempts: bigint): string {
  if (cost === undefined || cost.unpriced) return "unpriced";
  return `${formatUsd(cost.nanosUsd)}${unpricedAttempts > 0n ? "+" : ""}`;
}

function perRequest(cost: Cost | undefined, requests: bigint): string {
  if (cost === undefined || cost.unpriced || requests === 0n) return "-";
  return formatUsd(cost.nanosUsd / requests);
}

/** `0.12 %` of a share. */
function rate(share: number | undefined): string {
  return share === undefined ? "-" : `${(share * 100).toFixed(2)} %`;
}

/** `-57.1 %`, `+0.8 %`. */
function percent(change: number | undefined): string {
  if (change === undefined) return "-";
  const text = change.toFixed(1);
  return `${Number(text) > 0 ? "+" : ""}${text} %`;
}

function perRequestChange(change: number | undefined): string {
  return change === undefined ? "-" : `${percent(change)} each`;
}
