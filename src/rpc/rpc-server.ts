import type { ListenAddress } from "../config/config.ts";
import type { DrainTimes } from "./drain-server.ts";

/** One listener of the gateway. */
export interface RpcServer {
  /** Rejects where the port cannot be had. */
  readonly listen: (address: ListenAddress) => Promise<{ readonly address: string }>;
  /** Leaves service without breaking a call; resolves once every connection is closed. */
  readonly drain: (times: DrainTimes) => Promise<void>;
  /** Ends everything at once. */
  readonly close: () => Promise<void>;
}
