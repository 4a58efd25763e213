import type { Context } from "@opentelemetry/api";
import type { Failure } from "../routing/failure.ts";

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
  /** The span of the attempt that this one hedges. */
  readonly hedgeOf?: { readonly context: Context } | undefined;
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
  /** Which price table it was priced by, such as the config's revision. */
  readonly priceVersion?: string | undefined;
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
