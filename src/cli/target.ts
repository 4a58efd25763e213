import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TargetSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { Tier } from "../../gen/switchyard/v1/routing_pb.ts";
import type { TierName } from "../routing/catalog.ts";

/** What a person asked for; at most one of them. */
export interface TargetOptions {
  readonly model?: string | undefined;
  readonly tier?: TierName | undefined;
  readonly deployment?: string | undefined;
}

const tiers: Readonly<Record<TierName, Tier>> = {
  simple: Tier.SIMPLE,
  standard: Tier.STANDARD,
  advanced: Tier.ADVANCED,
};

/** The target of a request; nothing set leaves it out, so that the configured default tier serves. */
export function toTarget(options: TargetOptions): { target?: MessageInitShape<typeof TargetSchema> } {
  const { model, tier, deployment } = options;
  if (model !== undefined) return { target: { target: { case: "model", value: model } } };
  if (tier !== undefined) return { target: { target: { case: "tier", value: tiers[tier] } } };
  if (deployment !== undefined) return { target: { target: { case: "deployment", value: deployment } } };
  return {};
}
