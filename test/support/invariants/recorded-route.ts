import { createNoopMeter, trace } from "@opentelemetry/api";
import type { Deployment } from "../../../src/routing/catalog.ts";
import { noHistogram } from "../../../src/telemetry/histogram-producer.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { createInstruments } from "../../../src/telemetry/metrics.ts";
import { type RouteSpan, type RouteSummary, startRouteSpan } from "../../../src/telemetry/route-span.ts";
import { sampleRoute } from "../span-samples.ts";

/** What a run tells its route, besides spans that nobody records. */
export interface RouteListener {
  readonly skipped: (candidate: Pick<Deployment, "id" | "model">, why: string) => void;
  readonly backoff: (ms: number, why: string) => void;
  readonly ended: (summary: RouteSummary) => void;
}

const instruments = createInstruments(createNoopMeter(), noHistogram);
const log = createLog("silent", { write: () => {} });

/** Thousands of runs would spend their time on spans: these are none. */
export function startRecordedRoute(now: () => number, stream: boolean, listener: RouteListener): RouteSpan {
  const source = { tracer: trace.getTracer("model"), instruments, log, now };
  const route = startRouteSpan(source, sampleRoute({ stream }));
  return {
    source: route.source,
    facts: route.facts,
    traceId: route.traceId,
    context: route.context,
    run: (work) => route.run(work),
    firstMessage: () => route.firstMessage(),
    skipped: (candidate, why) => {
      route.skipped(candidate, why);
      listener.skipped(candidate, why);
    },
    backoff: (ms, why) => {
      route.backoff(ms, why);
      listener.backoff(ms, why);
    },
    end: (summary) => {
      route.end(summary);
      listener.ended(summary);
    },
  };
}
