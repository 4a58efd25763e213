import type { Cores } from "../cores.ts";
import type { Upstreams } from "../upstream/start-upstreams.ts";

/** What every scenario of a run shares. */
export interface Setting {
  readonly cores: Cores | undefined;
  /** For files of the run; removed at its end. */
  readonly folder: string;
  readonly upstreams: Upstreams;
  /** OTLP over HTTP. */
  readonly collector: string;
  readonly rounds: number;
  /** Of one side in one round. */
  readonly countedMs: number;
  /** Before the first round of each side, so that its code is compiled. */
  readonly warmUpMs: number;
  /** It is repeated, up to four times, until a side has answered so many. */
  readonly warmUpCalls: number;
  /** Says what goes on. */
  readonly tell: (what: string) => void;
}
