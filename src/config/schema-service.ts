import { z } from "zod";
import type { SimulatorFault } from "./config.ts";
import {
  defaultAutoRollback,
  defaultGrpc,
  defaultLedger,
  defaultPromote,
  defaultSimulator,
  defaultWarnPercent,
  defaultWorkers,
  mostWorkers,
} from "./defaults.ts";
import {
  decimal,
  durationMs,
  flag,
  label,
  listOf,
  money,
  named,
  oneOf,
  section,
  textLike,
  wholeNumber,
} from "./schema-parts.ts";
import { variableName } from "./schema-catalog.ts";

const address = z.string({
  error: 'must be text: "host:port", such as "127.0.0.1:8080", or "off"',
});

const simulatorFaults: readonly SimulatorFault[] = [
  "rate-limited",
  "quota-exhausted",
  "unavailable",
  "overloaded",
  "server-error",
  "slow-first-token",
  "cut-stream",
  "stall",
  "malformed",
  "html",
  "empty",
  "error-event",
  "reset",
  "unauthorized",
  "forbidden",
  "model-missing",
  "context-too-long",
  "content-filtered",
];

const simulatorEnabled = z.union([z.literal("auto"), z.boolean()], { error: "must be auto, true or false" });

const originAllowed =
  'must be an origin exactly as browsers send it, such as "https://app.example.com" (lower case, no path, no default port), or "*"';

/** The sections about the process itself: what it listens on, keeps and spends. */
export const serviceShape = {
  // What the texts mean is checked in `listeners.ts`, together with the environment's.
  listen: section({
    connect: address.optional(),
    grpc: address.optional(),
    operator: address.optional(),
  }).prefault({}),
  canary: section({
    stable: z.string({ error: "must be the name of an upstream" }),
    canary: z.string({ error: "must be the name of an upstream" }),
    weightPercent: decimal(0, 100).refine(isWholeBasisPoints, {
      error: "must have at most two decimals, such as 0.25",
    }),
    autoRollback: flag().default(defaultAutoRollback),
    promote: flag().default(defaultPromote),
  }).optional(),
  ledger: section({
    path: textLike(/^[^\0]{1,4096}$/, "must be the path of a file").default(defaultLedger.path),
    url: z
      .string({ error: "must be a postgres:// URL" })
      .refine(isPostgresUrl, { error: "must be a postgres:// URL" })
      .optional(),
    off: flag().default(false),
    retentionDays: wholeNumber(1, 36_500, " of days").default(defaultLedger.retentionDays),
  }).prefault({}),
  budgets: listOf(
    section({
      caller: label(128).optional(),
      label: named(label(128), "must be a map from label to value").optional(),
      perDay: money().optional(),
      perMonth: money().optional(),
      warnPercent: decimal(0, 100).default(defaultWarnPercent),
    }),
    "must be a list of budgets",
  ).default([]),
  operator: section({ tokenEnv: variableName.optional() }).prefault({}),
  grpc: section({
    keepaliveMs: durationMs(1).default(defaultGrpc.keepaliveMs),
    maxConnectionAgeMs: durationMs(1).default(defaultGrpc.maxConnectionAgeMs),
  }).prefault({}),
  workers: z
    .union([z.literal("auto"), wholeNumber(1, mostWorkers)], {
      error: `must be a whole number from 1 to ${mostWorkers}, or auto`,
    })
    .default(defaultWorkers),
  cors: section({
    allowedOrigins: listOf(
      z.string({ error: originAllowed }).refine(isOrigin, { error: originAllowed }),
      "must be a list of origins",
    ).default([]),
  }).prefault({}),
  simulator: section({
    enabled: simulatorEnabled.default(defaultSimulator.enabled),
    seed: wholeNumber(0, 4_294_967_295).default(defaultSimulator.seed),
    firstTokenMs: durationMs(0).default(defaultSimulator.firstTokenMs),
    // 0: as fast as it can.
    tokensPerSecond: decimal(0, 1_000_000).default(defaultSimulator.tokensPerSecond),
    faults: named(oneOf(simulatorFaults), 'must be a map from model, or "*" for all, to fault').default({}),
  }).prefault({}),
};

function isWholeBasisPoints(percent: number): boolean {
  return Math.abs(percent * 100 - Math.round(percent * 100)) < 1e-9;
}

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^postgres(?:ql)?:$/.test(url.protocol);
}

function isOrigin(text: string): boolean {
  if (text === "*") return true;
  const url = URL.parse(text);
  if (url === null) return false;
  if (url.protocol === "http:" || url.protocol === "https:") return url.origin === text;
  // Browser extensions have origins that the URL standard calls opaque.
  return /^[a-z][a-z0-9+-]*:\/\/[a-z0-9._-]+$/.test(text);
}
