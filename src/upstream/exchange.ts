import type { IncomingHttpHeaders } from "node:http";
import type { ResponseBody } from "./response-body.ts";

/** Status and headers of a response. */
export interface ResponseHead {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
}

/**
 * How far a request came that the transport could not finish. `connecting`: no connection came about.
 * `unprocessed`: the upstream cannot have begun with it. `lost`: nobody knows what became of it.
 */
export type FaultPhase = "connecting" | "unprocessed" | "lost";

/** That the transport threw, and when. */
export interface TransportFault {
  readonly phase: FaultPhase;
  readonly error: unknown;
}

/**
 * One request on its way. The SDK hands it to our `fetch` untouched, which writes down what happens, so that
 * nobody has to read it back out of the errors that the SDK wraps around it.
 */
export interface Exchange {
  readonly signal: AbortSignal;
  /** Sent beside the headers of every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first byte of a response to it arrived. */
  answered: boolean;
  head: ResponseHead | undefined;
  body: ResponseBody | undefined;
  /** What an error response said, as far as it was read. */
  errorText: string;
  fault: TransportFault | undefined;
}

/** A request that has not begun. */
export function createExchange(signal: AbortSignal, headers: Readonly<Record<string, string>>): Exchange {
  return {
    signal,
    headers,
    answered: false,
    head: undefined,
    body: undefined,
    errorText: "",
    fault: undefined,
  };
}
