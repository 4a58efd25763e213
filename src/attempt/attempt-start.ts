import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import type { AttemptSpan } from "../telemetry/attempt-span.ts";
import type { KeyLease } from "../upstream/key-pool.ts";
import type { Granted } from "./plan-run.ts";

/** What an attempt is started from. */
export interface AttemptStart {
  readonly granted: Granted;
  readonly number: number;
  readonly lease: KeyLease;
  /** 0 for the first key of this visit. */
  readonly rotation: number;
  readonly timeoutMs: number;
  /** That is all the time that the call has left, and no shorter limit of the attempt's own. */
  readonly timeoutIsDeadline: boolean;
  readonly stream: boolean;
  /** The span of the attempt that it hedges. */
  readonly hedgeOf?: AttemptSpan | undefined;
  /** Whether its answer is still wanted. Left out: it is. */
  readonly claim?: (() => boolean) | undefined;
}

/** What an answer, or the part of it that came, is known by. */
export interface AnswerFacts {
  readonly id: string | undefined;
  readonly modelVersion: string;
  /** As the upstream says; undefined: counted from `outputTokens`. */
  readonly usage: Usage | undefined;
  /** Counted by us. */
  readonly outputTokens: number;
  readonly finishReasons: readonly string[];
  /** Pieces of content, of a stream only. */
  readonly chunks: number | undefined;
}
