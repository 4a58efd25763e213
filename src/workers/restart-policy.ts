/** The end of a worker that nobody asked for. */
export interface WorkerEnd {
  /** It had begun to serve. */
  readonly served: boolean;
  /** From its start to its end. */
  readonly livedMs: number;
  /** Workers of this place that came before it and did not last either, in a row. */
  readonly shortLivesBefore: number;
  /** Workers of any place that ended before they served, in a row, this one among them. */
  readonly failedStarts: number;
  /** Others serve, and the gateway has been ready before. */
  readonly othersServe: boolean;
}

/** What follows from it. */
export type AfterEnd =
  | { readonly kind: "restart"; readonly delayMs: number; readonly lasted: boolean }
  | { readonly kind: "give-up" };

/** Who served for so long did not fail at what every start does. */
const lastingMs = 10_000;
const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** Enough to get over what passes within seconds, such as a machine that is out of memory. */
const mostFailedStarts = 5;

/**
 * Another worker takes the place at once where the last one had lasted, else later each time. While others serve it
 * is tried for ever; where nobody does, or the gateway has never been ready, starts that fail again and again end it:
 * whoever runs it should see that.
 */
export function afterWorkerEnd(end: WorkerEnd): AfterEnd {
  const { served, livedMs, shortLivesBefore, failedStarts, othersServe } = end;
  if (!served && failedStarts >= mostFailedStarts && !othersServe) return { kind: "give-up" };
  if (served && livedMs >= lastingMs) return { kind: "restart", delayMs: 0, lasted: true };
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(shortLivesBefore, 30));
  return { kind: "restart", delayMs, lasted: false };
}
