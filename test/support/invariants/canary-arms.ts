import { canaryBuckets } from "../../../src/routing/canary-arm.ts";
import { type Invariant, nameOf, nameOfRequest } from "./invariant.ts";
import { canaryDeployment } from "./world-catalog.ts";

/** Who may be sent to a canary. */
export const canaryArms: readonly Invariant[] = [
  {
    number: 21,
    says: "a key stays on its side while the share grows, and nobody is assigned to a canary without a share",
    *breaches({ calls }) {
      /** The smallest share at which each key was the canary's, and the largest at which it was stable's. */
      const canaryFrom = new Map<string, number>();
      const stableTo = new Map<string, number>();
      for (const call of calls) {
        const { facts, share, planned } = call;
        const { arm, compared } = planned.plan;
        if (share === undefined || facts.canary !== "assigned") {
          if (arm === "canary" && facts.canary !== "require") yield `${nameOf(call)} is of a canary`;
          continue;
        }
        if (arm === "canary" && share === 0) yield `${nameOf(call)} is of a canary that was rolled back`;
        if (arm === "stable" && share === canaryBuckets && compared)
          yield `${nameOf(call)} is not of a canary that has every call`;
        if (!compared) continue;
        const key = facts.affinityKey ?? facts.requestId;
        if (arm === "canary") canaryFrom.set(key, Math.min(share, canaryFrom.get(key) ?? Infinity));
        else stableTo.set(key, Math.max(share, stableTo.get(key) ?? -Infinity));
      }
      for (const [key, share] of canaryFrom) {
        const other = stableTo.get(key);
        if (other !== undefined && other >= share)
          yield `${key} was the canary's at ${share} and stable's at ${other}`;
      }
    },
  },
  {
    number: 22,
    says: "no call that is not of the canary's arm ever reaches the canary, whatever fails",
    *breaches({ settings, requests }) {
      if (settings.share === undefined) return;
      for (const request of requests) {
        if (request.deployment.id === canaryDeployment && request.call.planned.plan.arm === "stable")
          yield `${nameOfRequest(request)} overflows into the canary`;
      }
    },
  },
];
