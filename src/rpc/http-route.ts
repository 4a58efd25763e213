import type { HttpRequest, HttpResponse } from "./http-message.ts";

/** Something served over plain HTTP beside the RPCs: probes, metrics, the console. */
export interface HttpRoute {
  /** True where this path is its own. */
  readonly matches: (path: string) => boolean;
  readonly handle: (request: HttpRequest, response: HttpResponse) => void | Promise<void>;
  /** True: served to anyone who reaches the port, whatever the listener's guard says. */
  readonly open?: boolean;
}
