import type { LoadTarget } from "../load/load-task.ts";
import type { SideProcess } from "../side-process.ts";

/** A program that is measured, on the core that it has to itself. */
interface Subject extends SideProcess {
  readonly name: string;
}

/** A subject as it is called in one comparison. */
export interface Side {
  /** Unique in its comparison: `switchyard grpc`. */
  readonly label: string;
  readonly pid: number;
  readonly target: LoadTarget;
}

/** HTTP/2 multiplexes: as many calls at a time as the others have connections. */
export const connectionsOf = (target: LoadTarget, lanes: number): number =>
  target.http === 2 ? Math.min(10, lanes) : lanes;
