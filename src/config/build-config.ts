import type { BudgetConfig, CanaryConfig, Config } from "./config.ts";
import type { ConfiguredKeys } from "./configured-keys.ts";
import { limiterOf } from "./limiter.ts";
import { nanosOf } from "./money.ts";
import { revisionOf } from "./revision.ts";
import type { FileConfig } from "./schema.ts";
import { createSecret } from "./secret.ts";
import { modelsOf, type Supply, upstreamsOf } from "./supply.ts";
import { warningsOf } from "./warnings.ts";

/** What does not come from the file alone. */
export interface Surroundings {
  readonly listen: Config["listen"];
  readonly logLevel: string;
  readonly operator: Config["operator"];
  readonly keys: ConfiguredKeys;
  readonly supply: Supply;
  /** Told before those about the file. */
  readonly warnings: readonly string[];
}

/** The configuration of a file in which nothing is wrong. */
export function buildConfig(file: FileConfig, surroundings: Surroundings): Config {
  const { listen, logLevel, operator, keys, supply } = surroundings;
  const upstreams = upstreamsOf(file, keys, supply);
  const { url, ...ledger } = file.ledger;
  const effective: Omit<Config, "revision" | "warnings"> = {
    listen,
    upstreams,
    models: modelsOf(file, supply),
    tiers: file.tiers,
    defaultTier: file.defaultTier,
    fallback: file.fallback,
    retry: file.retry,
    breaker: file.breaker,
    timeouts: file.timeouts,
    limits: file.limits,
    limiter: limiterOf(file.limiter),
    hedge: file.hedge,
    drain: file.drain,
    canary: canaryOf(file.canary, upstreams),
    ledger: { ...ledger, url: url === undefined ? undefined : createSecret(url) },
    budgets: file.budgets.map(budgetOf),
    operator,
    grpc: file.grpc,
    workers: file.workers,
    cors: file.cors,
    simulator: {
      ...file.simulator,
      serves: supply.simulated,
      faults: new Map(Object.entries(file.simulator.faults)),
    },
    logLevel,
  };
  const warnings = [...surroundings.warnings, ...warningsOf(file, effective, keys, supply)];
  const config = { ...effective, warnings };
  return { ...config, revision: revisionOf(config) };
}

/** A canary between upstreams that do not both serve would compare nothing with nothing. */
function canaryOf(written: FileConfig["canary"], upstreams: Config["upstreams"]): CanaryConfig | undefined {
  if (written === undefined || !upstreams.has(written.stable) || !upstreams.has(written.canary))
    return undefined;
  const { weightPercent, ...rest } = written;
  return { ...rest, weightBasisPoints: Math.round(weightPercent * 100) };
}

function budgetOf({
  caller,
  label,
  perDay,
  perMonth,
  warnPercent,
}: FileConfig["budgets"][number]): BudgetConfig {
  return {
    caller,
    label,
    perDayNanos: perDay === undefined ? undefined : nanosOf(perDay),
    perMonthNanos: perMonth === undefined ? undefined : nanosOf(perMonth),
    warnPercent,
  };
}
