import { type Context, context } from "@opentelemetry/api";
import type { Failure } from "../routing/failure.ts";
import type { RouteSpan } from "./route-span.ts";

/** The request's numbers worth a place in a trace; undefined where the caller left them to the upstream. */
export interface GenerationFacts {
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly seed?: number | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
}

/** What is known when an attempt starts. */
export interface AttemptFacts {
  /** From 1; counts rotations too. */
  readonly number: number;
  readonly reason: "primary" | "retry" | "fallback" | "hedge" | "probe";
  /** What led here: the ErrorReason in lower case without `upstream_`, or `breaker_open`. */
  readonly cause: string | undefined;
  /** Configured model id: it becomes part of the span's name. Never a caller's own string. */
  readonly model: string;
  /** The part of the model id before the slash. */
  readonly provider: string;
  readonly upstream: string;
  readonly address: { readonly host: string; readonly port: number };
  /** The key's alias. */
  readonly keyId: string;
  /** 0 for the first key of this visit. */
  readonly rotationIndex: number;
  readonly breakerName: string;
  /** Read before the permit was taken. */
  readonly breakerState: "closed" | "open" | "half-open";
  readonly timeoutMs: number;
  /** Waited right before it; 0 for none. */
  readonly backoffMs: number;
  readonly stream: boolean;
  readonly generation: GenerationFacts;
  /** The attempt that this one hedges. */
  readonly hedgeOf?: AttemptSpan | undefined;
}

/** How an attempt ended. */
export interface AttemptResult {
  readonly outcome: "success" | "error" | "hedge_lost" | "client_cancelled";
  /** With `error`: why. */
  readonly failure?: Failure | undefined;
  readonly httpStatus: number | undefined;
  /** Totals include their parts. */
  readonly usage:
    | {
        readonly inputTokens: number;
        readonly outputTokens: number;
        readonly cachedInputTokens: number;
        readonly reasoningTokens: number;
      }
    | undefined;
  /** Where the tokens come from; undefined without usage. */
  readonly tokensSource: "upstream" | "estimated" | undefined;
  /** Undefined: unpriced. */
  readonly costNanos: bigint | undefined;
  readonly responseId: string | undefined;
  /** As the upstream says. */
  readonly responseModel: string | undefined;
  /** In the order of choices, lower case, such as `stop`. */
  readonly finishReasons: readonly string[];
  /** Pieces of content, of a stream only. */
  readonly chunks: number | undefined;
  /** The stream broke after content. */
  readonly interrupted: boolean;
}

/** The span of one call to one candidate with one key. */
export interface AttemptSpan {
  readonly context: Context;
  /** Runs inside its context: settle its permits here, so that a breaker's change is an event of this attempt. */
  readonly run: <T>(work: () => T) => T;
  /** `traceparent` and `tracestate` for the upstream; never baggage. */
  readonly traceHeaders: () => Readonly<Record<string, string>>;
  /** The first content arrived, this long after the attempt's start. */
  readonly firstToken: (ms: number) => void;
  /** A further piece of content arrived, this long after the one before. */
  readonly nextToken: (ms: number) => void;
  /** The next attempt uses another key of the pool. */
  readonly keyRotated: (fromId: string, toId: string) => void;
  /** Ends it once: attributes, status, metrics, and a warning in the log where it failed. */
  readonly end: (result: AttemptResult) => void;
}

/** Starts the CLIENT span of an attempt below its route. */
export function startAttemptSpan(route: RouteSpan, facts: AttemptFacts): AttemptSpan {
  void facts;
  return {
    context: route.context,
    run: (work) => context.with(route.context, work),
    traceHeaders: () => ({}),
    firstToken: () => {},
    nextToken: () => {},
    keyRotated: () => {},
    end: () => {},
  };
}
