import type { LoadTarget } from "../load/load-task.ts";

/** A measured program as it is called in one comparison. */
export interface Side {
  /** Unique in its comparison: `switchyard grpc`. */
  readonly label: string;
  readonly pid: number;
  readonly target: LoadTarget;
  /** How many processes serve its calls; left out: one. Each gets as many at a time as a program of one process. */
  readonly processes?: number;
}

/** Label of the limit of Node. */
export const nodeLimit = "node limit";

/** HTTP/2 multiplexes: as many calls at a time as the others have connections. */
export const connectionsOf = (target: LoadTarget, lanes: number): number =>
  target.http === 2 ? Math.ceil(lanes / 10) : lanes;
