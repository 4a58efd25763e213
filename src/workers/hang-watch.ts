/** Someone who answers as long as its event loop turns. */
export interface Pinged {
  readonly id: number;
  readonly ping: () => void;
  readonly onHang: () => void;
}

/** Finds workers that hang. */
export interface HangWatch {
  readonly answered: (id: number) => void;
  readonly stop: () => void;
}

const everyMs = 5_000;
/** Half a minute without a turn of its event loop: it will not come back. */
const mostMissed = 6;

/**
 * Counts pings, and not the time: where this process stands still, nobody has missed any.
 * @param pinged those to ask now
 */
export function watchForHangs(pinged: () => Iterable<Pinged>): HangWatch {
  const missed = new Map<number, number>();
  const timer = setInterval(() => {
    for (const { id, ping, onHang } of pinged()) {
      const count = missed.get(id) ?? 0;
      missed.set(id, count + 1);
      if (count === mostMissed) onHang();
      else ping();
    }
  }, everyMs);
  return {
    answered: (id) => missed.delete(id),
    stop: () => clearInterval(timer),
  };
}
