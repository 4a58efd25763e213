import type { DeploymentHealth } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { BreakerState, BreakerStateSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { formatUntil } from "./duration.ts";
import { enumWords } from "./words.ts";

/** State of a deployment's breaker: `closed`, `open, probe in 8 s`. */
export function breakerText(health: DeploymentHealth, nowMs: number): string {
  const state = enumWords(BreakerStateSchema, health.breakerState);
  if (health.breakerState !== BreakerState.OPEN || health.nextProbeTime === undefined) return state;
  return `${state}, probe ${formatUntil(health.nextProbeTime, nowMs)}`;
}

/** The upstream of `model@upstream`: a model's name may hold no `@`, the upstream's neither. */
export function upstreamOf(deployment: string): string {
  return deployment.slice(deployment.lastIndexOf("@") + 1);
}
