import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type {
  ArmReportSchema,
  CanaryStatusSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { ArmTotals } from "../attempt/arm-tally.ts";
import { weightOf } from "../attempt/canary-standing.ts";
import type { CanaryReport } from "../attempt/canary-watch.ts";
import type { Arm } from "../routing/canary-arm.ts";
import { toCost } from "./attempt-message.ts";
import { toArm } from "./contract-enums.ts";
import { toDuration, toTimestamp } from "./wire-time.ts";

type StatusInit = Exclude<MessageInitShape<typeof CanaryStatusSchema>, Message>;
type ArmInit = Exclude<MessageInitShape<typeof ArmReportSchema>, Message>;

/** The canary as operators see it; undefined: none is configured. An alarm that is not acted on stands as the reason. */
export function canaryStatus(report: CanaryReport | undefined): StatusInit {
  if (report === undefined) return { enabled: false };
  const { standing, alarm, stable, canary } = report;
  const rolledBack = standing.kind === "rolled-back" ? standing : undefined;
  return {
    enabled: true,
    weightBasisPoints: weightOf(standing),
    rolledBack: rolledBack !== undefined,
    rollbackReason: rolledBack?.why ?? alarm ?? "",
    ...(rolledBack === undefined ? {} : { rollbackTime: toTimestamp(rolledBack.at) }),
    stable: armReport("stable", stable),
    canary: armReport("canary", canary),
  };
}

/** Of the calls that count: what callers ended, or what nobody would answer, is in none of the numbers. */
function armReport(arm: Arm, totals: ArmTotals): ArmInit {
  const { calls, lost, rescued, latency, costNanos, unpricedAttempts, attempts } = totals;
  return {
    arm: toArm(arm),
    requests: BigInt(calls),
    failures: BigInt(lost),
    rescued: BigInt(rescued),
    attempts: BigInt(attempts),
    unpricedAttempts: BigInt(unpricedAttempts),
    cost: toCost({
      nanos: costNanos,
      unpriced: costNanos === 0n && unpricedAttempts > 0,
      estimated: totals.costEstimated,
    }),
    inputTokens: BigInt(totals.inputTokens),
    outputTokens: BigInt(totals.outputTokens),
    ...(latency === undefined
      ? {}
      : { latencyMean: toDuration(latency.meanMs), latencyP95: toDuration(latency.p95Ms) }),
    ...(calls === 0 ? {} : { errorRate: (lost + rescued) / calls, availability: 1 - lost / calls }),
  };
}
