import type { Capability, FallbackClass, Price, TierName } from "../routing/catalog.ts";
import type { Secret } from "./secret.ts";

/** The whole configuration, checked and complete; deeply readonly. Names as in `switchyard.yaml`. */
export interface Config {
  /** First 12 hex digits of the SHA-256 of the effective configuration without secrets. */
  readonly revision: string;
  readonly listen: {
    readonly connect: ListenAddress | undefined;
    readonly grpc: ListenAddress | undefined;
    readonly operator: ListenAddress | undefined;
  };
  /** Only upstreams with at least one key set (`simulator` among them where it serves). */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  /** Every configured model; `upstreams` of each hold only those of {@link Config.upstreams}. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  readonly tiers: Readonly<Record<TierName, readonly string[]>>;
  readonly defaultTier: TierName;
  readonly fallback: Readonly<Record<FallbackClass, readonly string[]>>;
  readonly retry: RetryConfig;
  readonly breaker: BreakerConfig;
  readonly timeouts: TimeoutsConfig;
  readonly limits: { readonly maxInFlight: number; readonly maxRequestBytes: number };
  readonly limiter: { readonly start: number; readonly min: number; readonly max: number };
  readonly hedge: { readonly enabled: boolean; readonly delayMs: number; readonly maxExtraPercent: number };
  readonly drain: { readonly delayMs: number; readonly graceMs: number };
  /** Undefined: no canary. */
  readonly canary: CanaryConfig | undefined;
  readonly ledger: LedgerConfig;
  readonly budgets: readonly BudgetConfig[];
  /** Undefined token: only loopback may reach the operator listener. */
  readonly operator: { readonly token: Secret | undefined };
  readonly grpc: { readonly keepaliveMs: number; readonly maxConnectionAgeMs: number };
  /** `auto`: one a core. */
  readonly workers: number | "auto";
  readonly cors: { readonly allowedOrigins: readonly string[] };
  readonly simulator: SimulatorConfig;
  readonly logLevel: string;
  /** Things that do not stop the start but that its reader should know; logged once. */
  readonly warnings: readonly string[];
}

export interface ListenAddress {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
}

export interface UpstreamConfig {
  readonly name: string;
  /** Undefined for the simulator alone: its address is known once it listens. */
  readonly baseUrl: string | undefined;
  /** In order; only those that are set. */
  readonly keys: readonly KeyConfig[];
  readonly maxConnections: number;
  readonly http2: boolean;
}

export interface KeyConfig {
  readonly id: string;
  readonly source: KeySource;
  readonly secret: Secret;
}

export type KeySource =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "simulator" };

export interface ModelConfig {
  readonly id: string;
  readonly displayName: string;
  readonly contextWindowTokens: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly capabilities: ReadonlySet<Capability> | undefined;
  readonly price: Price | undefined;
  /** Names of usable upstreams, in order of preference. */
  readonly upstreams: readonly string[];
  /** By upstream; an upstream not named here knows the model by its id. */
  readonly upstreamModel: ReadonlyMap<string, string>;
}

export interface RetryConfig {
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly jitter: "full" | "equal" | "none";
  readonly budgetRatio: number;
  readonly budgetPerSecond: number;
}

export interface BreakerConfig {
  readonly windowMs: number;
  readonly minimumRequests: number;
  readonly failurePercent: number;
  readonly consecutiveFailures: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export interface TimeoutsConfig {
  readonly connectMs: number;
  readonly firstTokenMs: Readonly<Record<TierName, number>>;
  readonly idleMs: number;
  readonly tokenIdleMs: number;
  readonly unaryMs: number;
  readonly streamMs: number;
}

export interface CanaryConfig {
  readonly stable: string;
  readonly canary: string;
  /** 0 to 10000. */
  readonly weightBasisPoints: number;
  readonly autoRollback: boolean;
  /** Raises the weight step by step while nothing speaks against it. */
  readonly promote: boolean;
}

export interface LedgerConfig {
  readonly off: boolean;
  readonly path: string;
  readonly url: Secret | undefined;
  readonly retentionDays: number;
}

export interface BudgetConfig {
  readonly caller: string | undefined;
  readonly label: Readonly<Record<string, string>> | undefined;
  readonly perDayNanos: bigint | undefined;
  readonly perMonthNanos: bigint | undefined;
  readonly warnPercent: number;
}

export interface SimulatorConfig {
  readonly enabled: "auto" | boolean;
  /** True where it stands in for every model: the decision that `enabled` and the keys led to. */
  readonly serves: boolean;
  readonly seed: number;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  /** By model id, or `*` for all. */
  readonly faults: ReadonlyMap<string, SimulatorFault>;
}

/** A fault the simulator shows on demand. */
export type SimulatorFault =
  | "rate-limited"
  | "quota-exhausted"
  | "unavailable"
  | "overloaded"
  | "server-error"
  | "slow-first-token"
  | "cut-stream"
  | "stall"
  | "malformed"
  | "html"
  | "empty"
  | "error-event"
  | "reset"
  | "unauthorized"
  | "forbidden"
  | "model-missing"
  | "context-too-long"
  | "content-filtered";

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Such as `models.openai/gpt-4.1.price.inputPerMTok`, or the name of an environment variable. */
  readonly path: string;
  /** From 1, in the YAML text; undefined for the environment. */
  readonly line: number | undefined;
  /** What is wrong, and what is allowed. Never a key. */
  readonly message: string;
}

/** The result of reading a configuration: the whole of it or every problem. */
export type ConfigResult =
  | { readonly kind: "valid"; readonly config: Config }
  | { readonly kind: "invalid"; readonly problems: readonly ConfigProblem[] };
