/** How long deployments of late took until their first content: the yardstick of what is slow. */
export interface FirstContentTimes {
  readonly add: (deploymentId: string, ms: number) => void;
  /** 95th percentile of the last hundred, in milliseconds; undefined before there are twenty. */
  readonly p95Ms: (deploymentId: string) => number | undefined;
}

const most = 100;
const fewest = 20;

export function createFirstContentTimes(): FirstContentTimes {
  const rings = new Map<string, { readonly times: number[]; next: number }>();
  return {
    add: (id, ms) => {
      const ring = rings.get(id) ?? { times: [], next: 0 };
      rings.set(id, ring);
      ring.times[ring.next] = ms;
      ring.next = (ring.next + 1) % most;
    },
    p95Ms: (id) => {
      const times = rings.get(id)?.times ?? [];
      if (times.length < fewest) return undefined;
      return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1];
    },
  };
}
