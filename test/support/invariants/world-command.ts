import * as fc from "fast-check";
import type { StreamRestartMode } from "../../../src/attempt/planned-call.ts";
import type { CallFacts } from "../../../src/routing/call-facts.ts";
import type { FailureKind } from "../../../src/routing/failure.ts";
import {
  type Behaviour,
  behaviourArbitrary,
  breaksArbitrary,
  failsArbitrary,
  healthyArbitrary,
} from "./upstream-behaviour.ts";
import { modelIds, upstreamNames } from "./world-catalog.ts";

/** One thing that happens in a world of the model. */
export type Command =
  | ({ readonly kind: "send" } & Send)
  /** The caller of the n-th call that still runs goes away. */
  | { readonly kind: "cancel"; readonly nth: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "behave"; readonly upstream: string; readonly behaviour: Behaviour }
  /** From now on the upstream refuses this key so, or takes it again. */
  | {
      readonly kind: "key";
      readonly upstream: string;
      readonly nth: number;
      readonly refusal:
        | { readonly failure: FailureKind; readonly retryAfterMs: number | undefined }
        | undefined;
    }
  /** It gets another secret, which the upstream takes. */
  | { readonly kind: "replace-key"; readonly upstream: string; readonly nth: number }
  | { readonly kind: "drain" }
  /** The canary, where there is one, is rolled back, or armed with this share in basis points. */
  | { readonly kind: "share"; readonly basisPoints: number }
  /** An operator's hand on a breaker. */
  | { readonly kind: "breaker"; readonly nth: number; readonly ms: number | "reset" };

/** Calls, all begun at once. */
export interface Send {
  readonly count: number;
  readonly stream: boolean;
  readonly restart: StreamRestartMode;
  readonly facts: Partial<CallFacts>;
  /** The caller's own limits; undefined where it has none. */
  readonly timeoutMs: number | undefined;
  readonly attemptMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly maxAttempts: number | undefined;
  readonly reader:
    | { readonly kind: "eager" }
    | { readonly kind: "slow"; readonly pauseMs: number }
    | { readonly kind: "leaves"; readonly afterEvents: number };
}

/** A unary call that asks for nothing special. */
export const plainSend: Send = {
  count: 1,
  stream: false,
  restart: "before-content",
  facts: {},
  timeoutMs: undefined,
  attemptMs: undefined,
  firstTokenMs: undefined,
  maxAttempts: undefined,
  reader: { kind: "eager" },
};

const upstream = fc.constantFrom(...upstreamNames);

const factsArbitrary: fc.Arbitrary<Partial<CallFacts>> = fc.record({
  target: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom({ kind: "model" as const, model: "acme/a" }) },
    fc.record({ kind: fc.constant("model" as const), model: fc.constantFrom(...modelIds) }),
    fc.record({
      kind: fc.constant("tier" as const),
      tier: fc.constantFrom("simple" as const, "standard" as const, "advanced" as const),
    }),
    fc.constant({ kind: "deployment" as const, deployment: "acme/a@one" }),
  ),
  fallback: fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "configured" as const }) },
    fc.constant({ kind: "none" as const }),
    fc.constant({ kind: "same-model" as const }),
    fc.record({ kind: fc.constant("chain" as const), models: fc.subarray([...modelIds]) }),
  ),
  onContentFilter: fc.boolean(),
  requiredCapabilities: fc
    .constantFrom<readonly ("tools" | "vision")[]>([], [], [], ["tools"], ["vision"])
    .map((list) => new Set(list)),
  inputTokens: fc.constantFrom(
    { estimate: 100, atLeast: 50 },
    { estimate: 100, atLeast: 50 },
    { estimate: 9000, atLeast: 5000 },
  ),
  maxCostNanos: fc.constantFrom(undefined, undefined, undefined, 2_000_000n),
  canary: fc.oneof(
    { weight: 8, arbitrary: fc.constant("assigned" as const) },
    fc.constantFrom("require" as const, "exclude" as const),
  ),
  affinityKey: fc.constantFrom(undefined, "key-1", "key-2", "key-3"),
});

const sendRecord = {
  count: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 8 })),
  stream: fc.boolean(),
  restart: fc.constantFrom<StreamRestartMode>("before-content", "before-content", "allowed", "buffer"),
  facts: factsArbitrary,
  timeoutMs: fc.constantFrom(undefined, undefined, 300, 2000, 5000, 30_000, 90_000),
  attemptMs: fc.constantFrom(undefined, undefined, undefined, 100, 4000, 25_000),
  firstTokenMs: fc.constantFrom(undefined, undefined, undefined, 1000),
  maxAttempts: fc.constantFrom(undefined, undefined, undefined, 1, 3),
  reader: fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "eager" as const }) },
    fc.record({ kind: fc.constant("slow" as const), pauseMs: fc.constantFrom(100, 4000, 40_000) }),
    fc.record({ kind: fc.constant("leaves" as const), afterEvents: fc.integer({ min: 1, max: 4 }) }),
  ),
};

const keyRefusal = fc.record({
  failure: fc.constantFrom<FailureKind>(
    "rate-limited",
    "rate-limited",
    "unauthorized",
    "forbidden",
    "quota-exhausted",
  ),
  retryAfterMs: fc.constantFrom(undefined, undefined, 700, 2000, 20_000, 65_000),
});

/** How often what happens; and, of some things, what alone. */
interface Weather {
  /** How many it takes to meet a rare coincidence now and then. */
  readonly numRuns: number;
  readonly weights: Readonly<Record<Exclude<Command["kind"], "drain">, number>>;
  readonly send?: Partial<typeof sendRecord>;
  readonly behaviour?: fc.Arbitrary<Behaviour>;
}

const mixed = { send: 12, advance: 8, behave: 6, cancel: 2, key: 3, "replace-key": 1, share: 1, breaker: 1 };

/** What the runs of the model are made of. */
export const weathers = {
  "whatever happens": { numRuns: 1200, weights: mixed },
  "in streams that break": {
    numRuns: 600,
    weights: { ...mixed, key: 1 },
    send: {
      stream: fc.constant(true),
      restart: fc.constantFrom<StreamRestartMode>("before-content", "allowed", "allowed", "buffer"),
      timeoutMs: fc.constantFrom(undefined, 30_000, 90_000),
    },
    behaviour: fc.oneof(healthyArbitrary, breaksArbitrary, breaksArbitrary, behaviourArbitrary),
  },
  "in a crowd at upstreams that come and go": {
    numRuns: 200,
    weights: { ...mixed, cancel: 1, key: 1, "replace-key": 0, breaker: 0 },
    send: {
      count: fc.integer({ min: 1, max: 15 }),
      facts: fc.constantFrom<Partial<CallFacts>>(
        {},
        { fallback: { kind: "none" } },
        { fallback: { kind: "none" } },
      ),
      maxAttempts: fc.constant(undefined),
    },
    behaviour: fc.oneof(healthyArbitrary, healthyArbitrary, failsArbitrary),
  },
  "with keys that are refused": {
    numRuns: 700,
    weights: { ...mixed, key: 12, "replace-key": 4, behave: 2, breaker: 0 },
    behaviour: healthyArbitrary,
  },
} satisfies Readonly<Record<string, Weather>>;

/** The commands of one run. It ends with a drain now and then, and with what is sent nevertheless. */
export function commandsIn({
  weights,
  send = {},
  behaviour = behaviourArbitrary,
}: Weather): fc.Arbitrary<readonly Command[]> {
  const command = fc.oneof(
    {
      weight: weights.send,
      arbitrary: fc.record({ ...sendRecord, ...send }).map((one): Command => ({ kind: "send", ...one })),
    },
    {
      weight: weights.advance,
      arbitrary: fc.record({
        kind: fc.constant("advance" as const),
        ms: fc.oneof(
          fc.nat(400),
          fc.nat(3000),
          fc.nat(30_000),
          fc.constantFrom(0, 999, 1000, 10_000, 25_000, 60_000, 300_000),
        ),
      }),
    },
    {
      weight: weights.behave,
      arbitrary: fc.record({ kind: fc.constant("behave" as const), upstream, behaviour }),
    },
    {
      weight: weights.cancel,
      arbitrary: fc.record({ kind: fc.constant("cancel" as const), nth: fc.nat(5) }),
    },
    {
      weight: weights.key,
      arbitrary: fc.record({
        kind: fc.constant("key" as const),
        upstream,
        nth: fc.nat(4),
        refusal: fc.option(keyRefusal, { nil: undefined, freq: 4 }),
      }),
    },
    {
      weight: weights["replace-key"],
      arbitrary: fc.record({ kind: fc.constant("replace-key" as const), upstream, nth: fc.nat(4) }),
    },
    {
      weight: weights.share,
      arbitrary: fc.record({
        kind: fc.constant("share" as const),
        basisPoints: fc.constantFrom(0, 0, 3000, 6000, 10_000),
      }),
    },
    {
      weight: weights.breaker,
      arbitrary: fc.record({
        kind: fc.constant("breaker" as const),
        nth: fc.nat(9),
        ms: fc.constantFrom<number | "reset">("reset", 500, 20_000),
      }),
    },
  );
  return fc
    .tuple(
      fc.array(command, { minLength: 10, maxLength: 40, size: "max" }),
      fc.option(fc.array(command, { maxLength: 3 }), { nil: undefined, freq: 7 }),
    )
    .map(([before, after]) => (after === undefined ? before : [...before, { kind: "drain" }, ...after]));
}
