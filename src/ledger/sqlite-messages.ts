import type { AttemptRow } from "./attempt-row.ts";
import type { ReportWindow } from "./report-rows.ts";
import type { StoreResult } from "./store.ts";

/** What the thread that owns a file is asked for. Each answer says to which it belongs. */
export type ThreadWork =
  | { readonly kind: "open" }
  | { readonly kind: "append"; readonly rows: readonly AttemptRow[] }
  | { readonly kind: "report"; readonly window: ReportWindow }
  | { readonly kind: "spending"; readonly window: ReportWindow }
  | { readonly kind: "prune"; readonly before: number; readonly atMost: number }
  /** The last one. */
  | { readonly kind: "close" };

export interface ThreadRequest {
  readonly id: number;
  readonly work: ThreadWork;
}

export interface ThreadReply {
  readonly id: number;
  readonly result: StoreResult<unknown>;
}

/** What the thread is started with. */
export interface ThreadData {
  /** Absolute. */
  readonly path: string;
}
