import type { WireName } from "./wire.ts";

/** Who is called, and how. */
export interface LoadTarget {
  /** Such as `http://127.0.0.1:50051`. */
  readonly origin: string;
  /** Goes before the path of the request; left out: nothing. */
  readonly basePath?: string;
  readonly http: 1 | 2;
  readonly wire: WireName;
  readonly model: string;
  /** Added to each request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a load process does; it ends by itself. */
export type LoadTask = {
  readonly target: LoadTarget;
  readonly connections: number;
  /** Of the process whose core time is measured, with those that it started; left out: none. */
  readonly subject?: number;
} & (
  | {
      /** As fast as it goes: each lane sends its next request when it has its answer. */
      readonly kind: "saturate";
      readonly lanes: number;
      readonly leadMs: number;
      readonly ms: number;
    }
  | {
      /** At this rate, whatever the answers do. */
      readonly kind: "pace";
      readonly perSecond: number;
      readonly leadMs: number;
      readonly ms: number;
    }
  | {
      /** Opens streams, tells when each has its first byte, and holds them for so long. */
      readonly kind: "hold";
      readonly streams: number;
      readonly ms: number;
    }
);

/** What one task came to. Answers that are refused or fail are counted apart, and are no part of any speed. */
export interface LoadResult {
  readonly ok: number;
  readonly refused: number;
  readonly failed: number;
  /** What a failed answer looked like, for whoever has to find out. */
  readonly exampleOfFailure: string | undefined;
  /** How long it was counted. */
  readonly ms: number;
  /** What the subject used meanwhile; undefined where the system does not count it. */
  readonly coreSeconds?: number;
  /** Of `ok` answers, in milliseconds: until the whole answer, and until the first byte of its body. */
  readonly latenciesMs: readonly number[];
  readonly firstBytesMs: readonly number[];
}

/** What a load process prints, a line each. `begin` and `end` enclose what is counted; `held` comes with `hold`. */
export type LoadLine =
  | { readonly mark: "begin" | "end" | "held" }
  | { readonly mark: "result"; readonly result: LoadResult };
