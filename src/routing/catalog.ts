/** The kind of task a caller names instead of a model. */
export type TierName = "simple" | "standard" | "advanced";

export const tierNames: readonly TierName[] = ["simple", "standard", "advanced"];

/** What a request can need of a model; the words of `models.*.capabilities` in the config. */
export type Capability =
  | "tools"
  | "vision"
  | "audio"
  | "file"
  | "json_object"
  | "json_schema"
  | "reasoning"
  | "prefill";

export const capabilities: readonly Capability[] = [
  "tools",
  "vision",
  "audio",
  "file",
  "json_object",
  "json_schema",
  "reasoning",
  "prefill",
];

/** Prices in nano-USD for one million tokens (1 USD = 1 000 000 000 nanos). */
export interface Price {
  readonly inputNanosPerMTok: bigint;
  /** Undefined: cached input costs the input price. */
  readonly cachedInputNanosPerMTok: bigint | undefined;
  readonly outputNanosPerMTok: bigint;
}

/** One model at one upstream; has one breaker. */
export interface Deployment {
  /** `model@upstream`. */
  readonly id: string;
  /** `provider/model-name`, the key of {@link Catalog.models}. */
  readonly model: string;
  readonly upstream: string;
  /** The upstream's own name of the model. */
  readonly upstreamModel: string;
}

/** What a caller asks for, `provider/model-name`, with every place where it is served. */
export interface Model {
  readonly id: string;
  /** The part before the first slash. */
  readonly provider: string;
  readonly displayName: string;
  /** Undefined: not declared, so no request is too long for it. */
  readonly contextWindowTokens: number | undefined;
  readonly maxOutputTokens: number | undefined;
  /** Undefined: not declared, so no request is refused for it. */
  readonly capabilities: ReadonlySet<Capability> | undefined;
  /** Undefined: unpriced; its cost is unknown, never zero. */
  readonly price: Price | undefined;
  /** In order of preference. Empty: configured, but no upstream of it has a key. */
  readonly deployments: readonly Deployment[];
  /** The tiers that list it. */
  readonly tiers: readonly TierName[];
}

/** A deployment at its place in a plan. */
export interface Candidate {
  readonly deployment: Deployment;
  readonly model: Model;
}

/** What the lists of models come to, before any filter: their deployments, in the order of both. */
export interface CandidateLists {
  /** By the model's id. */
  readonly models: ReadonlyMap<string, readonly Candidate[]>;
  /** Each deployment once. */
  readonly tiers: Readonly<Record<TierName, readonly Candidate[]>>;
  readonly fallback: Readonly<Record<FallbackClass, readonly Candidate[]>>;
}

/** The share of calls that tries a new upstream. */
export interface CanarySplit {
  readonly stable: string;
  readonly canary: string;
  /** 0 to 10000. */
  readonly weightBasisPoints: number;
}

/** Everything a plan is made from that does not change between two reloads; compiled once from the config. */
export interface Catalog {
  readonly revision: string;
  readonly models: ReadonlyMap<string, Model>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly tiers: Readonly<Record<TierName, readonly Model[]>>;
  readonly defaultTier: TierName;
  /** Appended behind the target's own candidates, once a class, by what went wrong. */
  readonly fallback: Readonly<Record<FallbackClass, readonly Model[]>>;
  readonly canary: CanarySplit | undefined;
  /** Of `models`, `tiers` and `fallback`. */
  readonly candidates: CandidateLists;
}

/** The lists of `fallback` in the config. */
export type FallbackClass = "rateLimited" | "unavailable" | "contextTooLong";
