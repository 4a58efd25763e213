import type { MessageInitShape } from "@bufbuild/protobuf";
import { toJsonString } from "@bufbuild/protobuf";
import type {
  ExplainRouteRequestSchema,
  ExplainRouteResponse,
  RouteCandidate,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import {
  ExplainRouteResponseSchema,
  OperatorService,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { Cost } from "../../gen/switchyard/v1/routing_pb.ts";
import {
  BreakerStateSchema,
  CanaryArm,
  CanaryArmSchema,
  SkipReason,
  SkipReasonSchema,
} from "../../gen/switchyard/v1/routing_pb.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import { withGateway } from "./connect-gateway.ts";
import { formatUntil } from "./duration.ts";
import { formatUsd } from "./money.ts";
import { userText } from "./prompt.ts";
import { formatTable } from "./table.ts";
import type { TargetOptions } from "./target.ts";
import { toTarget } from "./target.ts";
import { enumWords } from "./words.ts";

export interface ExplainOptions extends CallOptions, TargetOptions {
  /** Stands in for a prompt. */
  readonly tokens?: number | undefined;
}

/** `switchyard explain`: the plan that a chat would follow now. Nothing is sent upstream. */
export async function runExplain(
  words: readonly string[],
  options: ExplainOptions,
  context: CliContext,
): Promise<ExitCode> {
  const text = words.join(" ");
  const request: MessageInitShape<typeof ExplainRouteRequestSchema> = {
    ...toTarget(options),
    ...(text === "" ? {} : { input: userText(text) }),
    ...(options.tokens === undefined ? {} : { estimatedInputTokens: options.tokens }),
  };
  return withGateway(OperatorService, "operator", options, context, async (calls) => {
    const plan = await calls.explainRoute(request);
    context.stdout.line(
      options.json === true
        ? toJsonString(ExplainRouteResponseSchema, plan, { prettySpaces: 2 })
        : formatPlan(plan, Date.now()),
    );
    return 0;
  });
}

function formatPlan(plan: ExplainRouteResponse, nowMs: number): string {
  const canary = plan.arm === CanaryArm.UNSPECIFIED ? [] : [`arm ${enumWords(CanaryArmSchema, plan.arm)}`];
  let place = 0;
  const rows = plan.candidates.map((candidate) => {
    const skipped = candidate.skipReason !== SkipReason.UNSPECIFIED;
    if (!skipped) place += 1;
    return [
      skipped ? "-" : `${place}`,
      candidate.deployment,
      enumWords(BreakerStateSchema, candidate.breakerState),
      formatEstimate(candidate.estimatedCost),
      formatStanding(candidate, nowMs),
    ];
  });
  const table =
    rows.length === 0
      ? "nothing would be tried"
      : formatTable([["", "DEPLOYMENT", "BREAKER", "ESTIMATE", "WHY"], ...rows]);
  return `config ${[plan.configRevision, ...canary].join(", ")}\n\n${table}`;
}

/** Every one is an estimate: the column says so. */
function formatEstimate(cost: Cost | undefined): string {
  if (cost === undefined) return "-";
  return cost.unpriced ? "unpriced" : formatUsd(cost.nanosUsd);
}

function formatStanding({ skipReason, readyTime }: RouteCandidate, nowMs: number): string {
  if (skipReason === SkipReason.UNSPECIFIED) return "would be tried";
  const ready = readyTime === undefined ? "" : `, may serve again ${formatUntil(readyTime, nowMs)}`;
  return `skipped: ${enumWords(SkipReasonSchema, skipReason)}${ready}`;
}
