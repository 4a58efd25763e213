import type { ListenAddress } from "./config.ts";

// What a section that is left out means, with the reason for each number. `switchyard.yaml` shows the same
// values to its reader; test/config/shipped-file.test.ts holds the two together.

/** Loopback: whoever opens a gateway that spends money to a network should have decided to. */
export const defaultListen = {
  connect: { host: "127.0.0.1", port: 8080 },
  grpc: { host: "127.0.0.1", port: 50_051 },
  operator: { host: "127.0.0.1", port: 9090 },
} as const satisfies Readonly<Record<string, ListenAddress>>;

/** Connections to one upstream: HTTP/1.1 carries one call each, and 512 calls in flight share two upstreams. */
export const defaultMaxConnections = 256;

/** HTTP/2 loses every stream with its connection, so an upstream has it only on request. */
export const defaultHttp2 = false;

/** For calls that name neither model nor tier. */
export const defaultTier = "standard";

/**
 * Five attempts are four waits of at most 1, 2, 4 and 8 s: an outage of seconds is bridged. The budget keeps
 * repeats to a tenth of the first attempts, without which an outage of 30 s becomes one of minutes.
 */
export const defaultRetry = {
  attempts: 5,
  baseMs: 1_000,
  capMs: 60_000,
  jitter: "full",
  budgetRatio: 0.1,
  budgetPerSecond: 1,
} as const;

/**
 * A minute holds calls that themselves last a minute. Ten calls are the fewest whose rate means something; a
 * quieter deployment opens after five failures in a row. 25 s at most, so that with the next call and its
 * jitter a recovered upstream is back within 30 s.
 */
export const defaultBreaker = {
  windowMs: 60_000,
  minimumRequests: 10,
  failurePercent: 50,
  consecutiveFailures: 5,
  openMs: 10_000,
  maxOpenMs: 25_000,
} as const;

/** A handshake that takes 3 s will not come; a model that thinks for a minute may. */
export const defaultTimeouts = {
  connectMs: 3_000,
  firstTokenMs: { simple: 10_000, standard: 20_000, advanced: 60_000 },
  idleMs: 30_000,
  tokenIdleMs: 60_000,
  unaryMs: 120_000,
  streamMs: 600_000,
} as const;

/** 16 MiB holds a dozen photographs in base64; what is larger belongs behind a URL. */
export const defaultLimits = { maxInFlight: 512, maxRequestBytes: 16_777_216 } as const;

/** Starts at its maximum and learns downwards. `start` left out is `max`; `min` left out is no more than it. */
export const defaultLimiter = { min: 4, max: 256 } as const;

/** Off: a hedge is paid twice. */
export const defaultHedge = { enabled: false, delayMs: 2_000, maxExtraPercent: 1 } as const;

/** 5 s until load balancers have noticed; 30 s is what Kubernetes grants by default. */
export const defaultDrain = { delayMs: 5_000, graceMs: 30_000 } as const;

/** A canary that nobody watches must be able to roll itself back. */
export const defaultAutoRollback = true;

/** More calls, and more money, move only when somebody wants it. */
export const defaultPromote = false;

/** A file beside the process; three months cover a quarterly report. */
export const defaultLedger = { path: "switchyard.db", retentionDays: 90 } as const;

/** Early enough to act before calls are refused. */
export const defaultWarnPercent = 80;

/** A connection is renewed every half hour, so that callers find new replicas. */
export const defaultGrpc = { keepaliveMs: 60_000, maxConnectionAgeMs: 1_800_000 } as const;

/** One process does what most need, and has nothing to agree on with others. */
export const defaultWorkers = 1;

/** Far above the cores of any machine that it would make sense on. */
export const mostWorkers = 256;

/** Feels like a quick model: an eighth of a second to the first token, then faster than reading. */
export const defaultSimulator = { enabled: "auto", seed: 1, firstTokenMs: 120, tokensPerSecond: 60 } as const;

/** Every call's decision and every failure, without the noise of each attempt. */
export const defaultLogLevel = "info";
