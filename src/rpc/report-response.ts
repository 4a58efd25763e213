import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type {
  ArmReportSchema,
  GetReportResponseSchema,
  ModelReportSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { CanaryArm } from "../../gen/switchyard/v1/routing_pb.ts";
import type { ArmChange, ArmPart, ModelPart, Report, ReportCost, ReportPart } from "../ledger/report.ts";
import type { ReportWindow } from "../ledger/report-rows.ts";
import { toCost } from "./attempt-message.ts";
import { toArm } from "./contract-enums.ts";
import { toDuration, toTimestamp } from "./wire-time.ts";

type ReportInit = Exclude<MessageInitShape<typeof GetReportResponseSchema>, Message>;
type ArmInit = Exclude<MessageInitShape<typeof ArmReportSchema>, Message>;
type ModelInit = Exclude<MessageInitShape<typeof ModelReportSchema>, Message>;
type ChangeInit = Exclude<NonNullable<ReportInit["change"]>, Message>;

/** A report as the contract tells it. */
export function reportResponse(report: Report, { from, to }: ReportWindow): ReportInit {
  const { change, singleModel } = report;
  const { model, nanos, estimated } = singleModel;
  return {
    startTime: toTimestamp(from),
    endTime: toTimestamp(to),
    arms: report.arms.map(armReport),
    models: report.models.map(modelReport),
    singleModelCost: toCost({ nanos, unpriced: model === undefined, estimated }),
    singleModel: model ?? "",
    ...(change === undefined ? {} : { change: armChange(change) }),
  };
}

function armReport(part: ArmPart): ArmInit {
  return {
    ...commonPart(part),
    arm: part.arm === "none" ? CanaryArm.UNSPECIFIED : toArm(part.arm),
    failures: part.failures,
    rescued: part.rescued,
  };
}

function modelReport(part: ModelPart): ModelInit {
  return {
    ...commonPart(part),
    model: part.model,
    failures: part.attemptFailures,
    requestFailures: part.failures,
  };
}

function commonPart(part: ReportPart) {
  const { latencyMeanMs, latencyP95Ms, errorRate, availability } = part;
  return {
    requests: part.requests,
    cancelled: part.cancelled,
    refused: part.refused,
    attempts: part.attempts,
    unpricedAttempts: part.cost.unpricedAttempts,
    cost: costOf(part.cost),
    inputTokens: part.inputTokens,
    outputTokens: part.outputTokens,
    ...(latencyMeanMs === undefined ? {} : { latencyMean: toDuration(latencyMeanMs) }),
    ...(latencyP95Ms === undefined ? {} : { latencyP95: toDuration(latencyP95Ms) }),
    ...(errorRate === undefined ? {} : { errorRate }),
    ...(availability === undefined ? {} : { availability }),
  };
}

function costOf({ nanos, unpricedAttempts, estimated }: ReportCost): ReturnType<typeof toCost> {
  return toCost({ nanos, unpriced: nanos === 0n && unpricedAttempts > 0n, estimated });
}

function armChange(change: ArmChange): ChangeInit {
  const known = Object.entries(change).filter(([, percent]) => percent !== undefined);
  // Its names are the contract's.
  return Object.fromEntries(known) satisfies Partial<ArmChange>;
}
