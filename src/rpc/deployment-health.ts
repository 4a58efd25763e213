import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { ServingStatus } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { DeploymentHealthSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { DeploymentSnapshot } from "../attempt/fleet.ts";
import type { Model } from "../routing/catalog.ts";
import { toBreakerState } from "./contract-enums.ts";
import type { ServingPhase } from "./serving-state.ts";
import { type Clock, instantToTimestamp } from "./wire-time.ts";

/** A `DeploymentHealth` before it is created. */
export type DeploymentHealthInit = Exclude<MessageInitShape<typeof DeploymentHealthSchema>, Message>;

/** One deployment as callers see it: of its own breaker and its upstream's the one that is worse off. */
export function deploymentHealth(snapshot: DeploymentSnapshot, clock: Clock): DeploymentHealthInit {
  const { breaker, upstreamBreaker, readiness } = snapshot;
  const shown = breaker.state === readiness.breakerState ? breaker : upstreamBreaker;
  const probes = [breaker.probeAt, upstreamBreaker.probeAt].filter((at) => at !== undefined);
  const changed = shown.changedAt === 0 ? undefined : instantToTimestamp(shown.changedAt, clock);
  const probe = probes.length === 0 ? undefined : instantToTimestamp(Math.max(...probes), clock);
  return {
    deployment: snapshot.deployment.id,
    breakerState: toBreakerState(shown.state),
    ...(changed === undefined ? {} : { breakerChangeTime: changed }),
    ...(probe === undefined ? {} : { nextProbeTime: probe }),
    inFlight: snapshot.inFlight,
    failurePpm: shown.failurePpm,
  };
}

/** The gateway as a whole. Unspecified while it starts. */
export function servingStatus(
  phase: ServingPhase,
  models: Iterable<Model>,
  snapshots: readonly DeploymentSnapshot[],
): ServingStatus {
  switch (phase) {
    case "starting":
      return ServingStatus.UNSPECIFIED;
    case "leaving":
    case "refusing":
      return ServingStatus.DRAINING;
    case "serving": {
      const ready = new Set(snapshots.filter(isReady).map(({ deployment }) => deployment.model));
      return [...models].every(({ id }) => ready.has(id)) ? ServingStatus.SERVING : ServingStatus.DEGRADED;
    }
  }
}

/** True where a call would be let through now. */
export function isReady({ readiness }: DeploymentSnapshot): boolean {
  return readiness.skip === undefined;
}
