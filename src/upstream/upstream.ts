import type {
  ChatInput,
  Choice,
  ChoiceDelta,
  ChoiceEnd,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import type { Failure } from "../routing/failure.ts";
import type { KeyPool, KeyQuota, LeasedKey } from "./key-pool.ts";

/** One request to one upstream with one key. The signal ends it at once, whatever the upstream does. */
export interface UpstreamCall {
  /** The upstream's own name of the model. */
  readonly upstreamModel: string;
  readonly input: ChatInput;
  /** Of this upstream's pool, leased by the caller. */
  readonly key: LeasedKey;
  /** Aborts the request and its body. Every limit of time is the caller's: nothing below has a timer. */
  readonly signal: AbortSignal;
  /** Added to the request: W3C trace context. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What an upstream's response headers say, kept whatever the outcome. */
export interface UpstreamResponseInfo {
  readonly httpStatus: number | undefined;
  readonly upstreamRequestId: string | undefined;
  /** What `x-ratelimit-*` says is left for this key; undefined where the upstream sends none. */
  readonly quota: KeyQuota | undefined;
}

/** A whole answer. */
export interface Completion {
  readonly id: string;
  /** Seconds since the epoch, as the upstream says. */
  readonly createdSeconds: number | undefined;
  readonly modelVersion: string;
  readonly choices: readonly Choice[];
  /** Undefined: the upstream sent none, or nonsense; then it is estimated by the caller. */
  readonly usage: Usage | undefined;
}

export type CompletionResult =
  | { readonly kind: "completed"; readonly completion: Completion; readonly info: UpstreamResponseInfo }
  | { readonly kind: "failed"; readonly failure: Failure; readonly info: UpstreamResponseInfo };

/**
 * What one read of the response body brought, already decoded. All parts may be empty: a comment
 * or half a line is still a sign of life.
 */
export interface StreamBatch {
  /** In order. Only deltas with content: empty strings and bare roles are dropped. */
  readonly deltas: readonly ChoiceDelta[];
  /** Choices whose finish reason arrived with this read. */
  readonly ends: readonly ChoiceEnd[];
  /** The last usage seen so far. */
  readonly usage: Usage | undefined;
  /** True once `[DONE]` was read. */
  readonly done: boolean;
}

/**
 * A stream whose headers arrived with a 2xx and the right content type. `batches` throws
 * {@link UpstreamFailed} when the body breaks, is malformed or carries an error event; it ends
 * normally at the end of the body, which proves nothing: whole is what has ends or `[DONE]`.
 * `start` is known once the first chunk was read.
 */
export interface UpstreamStream {
  readonly batches: AsyncIterable<StreamBatch>;
  /** Id, creation and model as the first chunk told; undefined before it. */
  readonly start: () => StreamStart | undefined;
}

export interface StreamStart {
  readonly id: string;
  readonly createdSeconds: number | undefined;
  readonly modelVersion: string;
}

export type StreamResult =
  | { readonly kind: "opened"; readonly stream: UpstreamStream; readonly info: UpstreamResponseInfo }
  | { readonly kind: "failed"; readonly failure: Failure; readonly info: UpstreamResponseInfo };

/** A base URL with its keys. Second implementation: the scripted upstream of the property tests. */
export interface Upstream {
  readonly name: string;
  readonly keys: KeyPool;
  /** Host and port for spans. */
  readonly address: { readonly host: string; readonly port: number };
  /** One answer, whole. Resolves for every failure; throws only for a bug. */
  readonly complete: (call: UpstreamCall) => Promise<CompletionResult>;
  /** Resolves once the response headers are in. */
  readonly stream: (call: UpstreamCall) => Promise<StreamResult>;
  /** Ends every connection. Calls in flight fail. */
  readonly close: () => Promise<void>;
}
