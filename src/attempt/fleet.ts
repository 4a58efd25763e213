import type { Config } from "../config/config.ts";
import type { Catalog, Deployment } from "../routing/catalog.ts";
import type { Readiness } from "../routing/next-step.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { createBreaker } from "./breaker.ts";
import type { BreakerOptions } from "./breaker.ts";
import { createGrant } from "./grant.ts";
import type { Grant } from "./grant.ts";
import { createLimiter } from "./limiter.ts";
import type { Limiter } from "./limiter.ts";
import type { Breaker, BreakerSnapshot, BreakerStateName } from "./permit.ts";
import { createRetryBudget } from "./retry-budget.ts";
import type { RetryBudget } from "./retry-budget.ts";

export interface FleetOptions extends Pick<BreakerOptions, "now" | "random" | "setTimer" | "onTransition"> {
  readonly catalog: Catalog;
  /** Every upstream that the catalog names. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly config: Pick<Config, "breaker" | "limiter" | "retry">;
}

/** Whether a deployment can be called now, and what its breaker has to do with it. */
export interface FleetReadiness extends Readiness {
  /** The worse of the deployment's and its upstream's. */
  readonly breakerState: BreakerStateName;
  /** The next call would be, or one under way is, the probe of a half-open breaker. */
  readonly probing: boolean;
}

/** One deployment as operators see it. */
export interface DeploymentSnapshot {
  readonly deployment: Deployment;
  readonly breaker: BreakerSnapshot;
  /** Shared by the deployments of an upstream. */
  readonly upstreamBreaker: BreakerSnapshot;
  readonly inFlight: number;
  readonly limit: number;
  /** While its upstream asked for rest: until when. */
  readonly heldUntil: number | undefined;
  readonly readiness: FleetReadiness;
}

/** What outlives a call: breakers, limiters and retry budgets of every deployment. Ids not in the catalog throw. */
export interface Fleet {
  readonly readiness: (deploymentId: string) => FleetReadiness;
  /**
   * Both breakers and the limiter, all or none; undefined where one of them refuses.
   * @param deadline by when a probe will be settled
   */
  readonly acquire: (deploymentId: string, deadline?: number) => Grant | undefined;
  /** The deployment asked to be left alone until then (a 503 with Retry-After), which is not a breaker's affair. */
  readonly holdUntil: (deploymentId: string, instant: number) => void;
  /** Of an upstream. */
  readonly budget: (upstream: string) => RetryBudget;
  readonly upstream: (name: string) => Upstream;
  /** For operators: undefined where there is no such deployment. */
  readonly breaker: (deploymentId: string) => Breaker | undefined;
  readonly upstreamBreaker: (name: string) => Breaker | undefined;
  readonly snapshot: () => readonly DeploymentSnapshot[];
  /** Every breaker, of upstreams and of deployments; cheap, unlike a snapshot. */
  readonly breakers: () => readonly { readonly name: string; readonly state: BreakerStateName }[];
  /** Gives back every timer. Calls that are still under way may go on using it. */
  readonly close: () => void;
}

/** No upstream's word takes a deployment away for longer: it may be a mistake, and nobody would notice its recovery. */
const longestHoldMs = 300_000;

/** When it is worth asking again while somebody else's probe is under way. */
const probeSettlesMs = 1000;

interface UpstreamState {
  readonly upstream: Upstream;
  readonly breaker: Breaker;
  readonly budget: RetryBudget;
}

interface DeploymentState {
  readonly deployment: Deployment;
  readonly at: UpstreamState;
  readonly breaker: Breaker;
  readonly limiter: Limiter;
}

/** @see test/attempt/fleet.test.ts */
export function createFleet(options: FleetOptions): Fleet {
  const { catalog, config, now } = options;
  const holds = new Map<string, number>();

  const newBreaker = (name: string): Breaker =>
    createBreaker({
      name,
      settings: config.breaker,
      now,
      random: options.random,
      setTimer: options.setTimer,
      onTransition: options.onTransition,
    });

  const upstreams = new Map(
    [...options.upstreams].map(([name, upstream]): [string, UpstreamState] => {
      const { budgetRatio: ratio, budgetPerSecond: perSecond } = config.retry;
      const budget = createRetryBudget({ ratio, perSecond }, now);
      return [name, { upstream, breaker: newBreaker(name), budget }];
    }),
  );

  const deployments = new Map(
    [...catalog.deployments.values()].map((deployment): [string, DeploymentState] => {
      const at = known(upstreams, deployment.upstream);
      const limiter = createLimiter(config.limiter, now);
      return [deployment.id, { deployment, at, breaker: newBreaker(deployment.id), limiter }];
    }),
  );

  const heldUntil = (id: string): number => {
    const instant = holds.get(id) ?? 0;
    return instant > now() ? instant : 0;
  };

  /** While a probe is under way nobody knows, but it will be settled soon, one way or the other. */
  const soonestCall = (breaker: Breaker): number => {
    const readyAt = breaker.readyAt();
    return breaker.state() === "half-open" && readyAt > 0 ? now() + probeSettlesMs : readyAt;
  };

  const readiness = (id: string): FleetReadiness => {
    const { deployment, at, breaker, limiter } = known(deployments, id);
    const breakerReadyAt = Math.max(soonestCall(breaker), soonestCall(at.breaker));
    const keys = at.upstream.keys.blocked(deployment.upstreamModel);
    const held = heldUntil(id);
    const breakerState = worse(breaker.state(), at.breaker.state());
    const probing = breakerState === "half-open";
    const readyAt = Math.max(breakerReadyAt, held, keys?.readyAt ?? 0);
    if (breakerReadyAt > now()) return { skip: "breaker-open", readyAt, breakerState, probing };
    if (keys !== undefined) {
      const skip = keys.why === "quarantined" ? "keys-quarantined" : "keys-exhausted";
      return { skip, readyAt, breakerState, probing };
    }
    // A slot comes free whenever a call ends: worth another try after the usual backoff.
    if (held > 0 || !limiter.hasRoom()) {
      return { skip: "at-capacity", readyAt: Math.max(held, now()), breakerState, probing };
    }
    return { skip: undefined, readyAt: 0, breakerState, probing };
  };

  const snapshotOf = ({ deployment, at, breaker, limiter }: DeploymentState): DeploymentSnapshot => {
    const held = heldUntil(deployment.id);
    return {
      deployment,
      breaker: breaker.snapshot(),
      upstreamBreaker: at.breaker.snapshot(),
      inFlight: limiter.inFlight(),
      limit: limiter.limit(),
      heldUntil: held > 0 ? held : undefined,
      readiness: readiness(deployment.id),
    };
  };

  return {
    readiness,
    acquire: (id, deadline) => {
      const { at, breaker, limiter } = known(deployments, id);
      if (heldUntil(id) > 0 || breaker.readyAt() > now() || at.breaker.readyAt() > now()) return undefined;
      // Nothing runs between the questions and the taking, so nothing taken ever has to be given back.
      const slot = limiter.tryAcquire();
      if (slot === undefined) return undefined;
      const upstreamPermit = at.breaker.tryAcquire(deadline);
      const permit = breaker.tryAcquire(deadline);
      if (upstreamPermit !== undefined && permit !== undefined)
        return createGrant(permit, upstreamPermit, slot);
      upstreamPermit?.ignore();
      permit?.ignore();
      slot.release("other");
      return undefined;
    },
    holdUntil: (id, instant) => {
      known(deployments, id);
      const until = Math.min(instant, now() + longestHoldMs);
      if (until > heldUntil(id)) holds.set(id, until);
    },
    budget: (name) => known(upstreams, name).budget,
    upstream: (name) => known(upstreams, name).upstream,
    breaker: (id) => deployments.get(id)?.breaker,
    upstreamBreaker: (name) => upstreams.get(name)?.breaker,
    snapshot: () => [...deployments.values()].map(snapshotOf),
    breakers: () =>
      [...upstreams.values(), ...deployments.values()].map(({ breaker }) => ({
        name: breaker.name,
        state: breaker.state(),
      })),
    close: () => {
      for (const { breaker } of upstreams.values()) breaker.close();
      for (const { breaker } of deployments.values()) breaker.close();
    },
  };
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined)
    throw new Error(`the fleet has no ${name}: plan and fleet are of different configs`);
  return found;
}

function worse(one: BreakerStateName, other: BreakerStateName): BreakerStateName {
  if (one === "open" || other === "open") return "open";
  return one === "half-open" || other === "half-open" ? "half-open" : "closed";
}
