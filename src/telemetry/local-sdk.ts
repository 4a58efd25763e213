import { context, createNoopMeter } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { createAsyncContext } from "./async-context.ts";
import { noHistogram } from "./histogram-producer.ts";
import { scopeName } from "./names.ts";
import { serviceResource } from "./resource.ts";
import { recordNothing } from "./samplers.ts";
import type { Scrape } from "./scrape.ts";
import type { Sdk } from "./sdk.ts";

/**
 * Starts what a process needs that sends nothing: valid trace ids at the price of their random digits, and
 * metrics to be scraped. It loads no exporter (sdk-node alone takes 0.3 s to import).
 */
export function startLocalSdk(version: string, scrape: Scrape | undefined, worker: number | undefined): Sdk {
  context.setGlobalContextManager(createAsyncContext());
  const resource = serviceResource(version, worker);
  const tracers = new TracerProvider({ resource, sampler: recordNothing() });
  const meters = scrape && new MeterProvider({ resource, readers: [scrape.reader] });
  return {
    tracer: tracers.getTracer(scopeName, version),
    meter: meters?.getMeter(scopeName, version) ?? createNoopMeter(),
    createHistogram: scrape?.createHistogram ?? noHistogram,
    flush: async () => {},
    shutdown: async () => {
      await Promise.all([tracers.shutdown(), meters?.shutdown()]);
    },
  };
}
