import type { LoadTarget } from "../load/load-task.ts";

/** A measured program as it is called in one comparison. */
export interface Side {
  /** Unique in its comparison: `switchyard grpc`. */
  readonly label: string;
  readonly pid: number;
  readonly target: LoadTarget;
}

/** Label of the limit of Node. */
export const nodeLimit = "node limit";

/** HTTP/2 multiplexes: as many calls at a time as the others have connections. */
export const connectionsOf = (target: LoadTarget, lanes: number): number =>
  target.http === 2 ? Math.min(10, lanes) : lanes;
