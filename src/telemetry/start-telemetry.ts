import { diag, DiagLogLevel } from "@opentelemetry/api";
import { type Environment, type ExportPlan, planExport } from "./export-plan.ts";
import { startLocalSdk } from "./local-sdk.ts";
import type { Log } from "./log.ts";
import { createInstruments } from "./metrics.ts";
import { createScrape, type Scrape } from "./scrape.ts";
import type { Sdk } from "./sdk.ts";
import { createSdkDiagnostics } from "./sdk-diagnostics.ts";
import type { SpanSource } from "./span-source.ts";
import { settledWithin } from "./settled-within.ts";

/** What the process tells about itself while it runs. */
export interface Telemetry {
  /** For `startServerSpan` and `startRouteSpan`. */
  readonly source: SpanSource;
  /** The metrics of now, in Prometheus' text format; undefined where they are pushed or off. */
  readonly metricsText: (() => Promise<string>) | undefined;
  /** Sends what is pending, within 3 s; never rejects. */
  readonly flush: () => Promise<void>;
  /** Sends what is pending and stops, within 3 s; never rejects. */
  readonly shutdown: () => Promise<void>;
}

// A dead collector must not hold up a restart; what it has not taken by then is lost.
const longestWaitMs = 3_000;

const now = (): number => performance.now();

/**
 * Starts spans and metrics, and exports them where the standard `OTEL_*` variables name a collector. One
 * that is slow, broken or gone costs spans, never a call. Start it before anything that is measured.
 * @param options.env only read here; the SDK itself reads the rest of `OTEL_*` from the process
 */
export async function startTelemetry(options: {
  readonly env: Environment;
  readonly version: string;
  readonly log: Log;
  /** Its number among the processes of one gateway; left out: it is the only one. */
  readonly worker?: number | undefined;
}): Promise<Telemetry> {
  const { env, version, log, worker } = options;
  const plan = planExport(env);
  for (const warning of plan.warnings) log.warn({ event: "telemetry_problem" }, warning);
  const scrape = plan.scrape ? createScrape(version) : undefined;
  const sdk = (await startExport(plan, options, scrape)) ?? startLocalSdk(version, scrape, worker);
  // After the start: the SDK sets one of its own that prints stacks.
  diag.setLogger(createSdkDiagnostics(log, now), {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  const settle = (work: () => Promise<void>): Promise<void> =>
    settledWithin(longestWaitMs, work, (what) =>
      log.warn({ event: "telemetry_problem" }, `telemetry was not all sent: ${what}`),
    );
  let stopped: Promise<void> | undefined;
  return {
    source: { tracer: sdk.tracer, instruments: createInstruments(sdk.meter, sdk.createHistogram), log, now },
    metricsText: scrape?.text,
    flush: () => settle(sdk.flush),
    shutdown: () => (stopped ??= settle(sdk.shutdown).finally(() => diag.disable())),
  };
}

// A variable that the exporters cannot read (a certificate's path, a target) is no reason not to serve.
async function startExport(
  plan: ExportPlan,
  options: Parameters<typeof startTelemetry>[0],
  scrape: Scrape | undefined,
): Promise<Sdk | undefined> {
  if (plan.traces === undefined && plan.metrics === undefined) return undefined;
  try {
    const { startExportingSdk } = await import("./exporting-sdk.ts");
    const { env, version, worker } = options;
    return await startExportingSdk(plan, { env, version, scrape, worker });
  } catch (error) {
    options.log.warn(
      { event: "telemetry_problem" },
      `telemetry is not exported: ${error instanceof Error ? error.message : "the exporters did not start"}`,
    );
    return undefined;
  }
}
