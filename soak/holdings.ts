/** What a process holds at one moment, after the collector has run. */
export interface Holdings {
  /** Living resources by Node's name of their type: `Timeout`, `TCPWRAP`, `HTTP2STREAM` … */
  readonly counts: Readonly<Record<string, number>>;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
}

/** What was left behind, a line each; empty where everything is back. */
export function leftBehind(before: Holdings, after: Holdings): readonly string[] {
  const types = new Set([...Object.keys(before.counts), ...Object.keys(after.counts)]);
  const lines = [...types].flatMap((type) => {
    const more = (after.counts[type] ?? 0) - (before.counts[type] ?? 0);
    // Two may be under way at any moment: a connection's check, the metrics' next collection.
    return more > 2 ? [`${more} more of ${type}`] : [];
  });
  const grown = after.heapUsedBytes - before.heapUsedBytes;
  // A leak of one object a call exceeds it within twenty seconds (tried); code that warms up does not.
  const allowed = 4 * 1024 * 1024;
  return grown > allowed ? [...lines, `${toMiB(grown)} MiB more of heap`] : lines;
}

export function toMiB(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
