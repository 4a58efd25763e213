import { type Dispatcher, errors, Pool } from "undici";
import { watchConnections } from "./connection-watch.ts";
import type { Exchange, FaultPhase, ResponseHead } from "./exchange.ts";
import { isUnprocessedHttp2 } from "./http2-refusal.ts";
import { createResponseBody, type ResponseBodyFeed } from "./response-body.ts";
import { sdkResponse } from "./sdk-response.ts";

/** Beyond this a response is no answer but a fault; undici then ends the connection. */
const maxResponseBytes = 32 * 1024 * 1024;

/** Shorter than what servers keep, so that the race against their end of it is rare. */
const keepAliveMs = 20_000;

export interface TransportOptions {
  readonly baseUrl: string;
  readonly maxConnections: number;
  readonly http2: boolean;
  readonly connectMs: number;
}

/** The connections of one upstream. */
export interface Transport {
  /** Sends a request and writes down in its exchange what happens. Rejects where no response comes. */
  readonly send: (exchange: Exchange, request: OutgoingRequest) => Promise<Response>;
  /** Ends every connection; requests in flight fail. */
  readonly close: () => Promise<void>;
}

/** What goes out. */
export interface OutgoingRequest {
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string;
}

/** No timer of undici's runs but the one for connecting: every other limit is the caller's signal. */
export function createTransport(options: TransportOptions): Transport {
  const { origin } = new URL(options.baseUrl);
  const watch = watchConnections(options.connectMs, options.http2);
  const pool = new Pool(origin, {
    connect: watch.connect,
    connections: options.maxConnections,
    pipelining: 1,
    allowH2: options.http2,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    maxResponseSize: maxResponseBytes,
  });

  const phaseOf = (exchange: Exchange, error: unknown): FaultPhase => {
    if (watch.whileConnecting(error)) return "connecting";
    if (exchange.answered) return "lost";
    return watch.onReused(error) || isUnprocessedHttp2(error) ? "unprocessed" : "lost";
  };

  return {
    send: async (exchange, { path, headers, body }) => {
      try {
        const head = await sendRequest(pool, exchange, { origin, path, method: "POST", headers, body });
        return sdkResponse(exchange, head);
      } catch (error) {
        exchange.fault = { phase: phaseOf(exchange, error), error };
        throw error;
      }
    },
    close: () => pool.destroy(),
  };
}

/**
 * Resolves once the response headers are in. An abort ends the request wherever it is: one that waits for a connection,
 * or for its turn on one, is left behind at once, and undici drops it unsent when its turn comes.
 */
function sendRequest(
  dispatcher: Dispatcher,
  exchange: Exchange,
  request: Dispatcher.DispatchOptions,
): Promise<ResponseHead> {
  const { signal } = exchange;
  // Not inside of a function that a promise is given: what this one is given would then be kept as long as the handlers
  // below, and the request with it for as long as its answer goes on (test/upstream/transport.test.ts).
  const { promise, resolve, reject } = Promise.withResolvers<ResponseHead>();
  let connection: Dispatcher.DispatchController | undefined;
  let feed: ResponseBodyFeed | undefined;
  const leave = (): void => {
    connection?.abort(reasonOf(signal));
    feed?.broke(signal.reason);
    reject(signal.reason);
  };
  const over = (): void => signal.removeEventListener("abort", leave);
  if (signal.aborted) {
    leave();
    return promise;
  }
  signal.addEventListener("abort", leave);
  dispatcher.dispatch(request, {
    onRequestStart: (started) => {
      connection = started;
      if (signal.aborted) started.abort(reasonOf(signal));
    },
    onResponseStarted: () => {
      exchange.answered = true;
    },
    onResponseStart: (answering, status, headers) => {
      // 100 Continue and its like: the response is still to come.
      if (status < 200) return;
      feed = createResponseBody(answering);
      const head = { status, headers };
      exchange.head = head;
      exchange.body = feed.body;
      resolve(head);
    },
    onResponseData: (_, bytes) => feed?.data(bytes),
    onResponseEnd: () => {
      over();
      feed?.end();
    },
    onResponseError: (_, error) => {
      over();
      feed?.broke(error);
      reject(error);
    },
  });
  return promise;
}

/** undici takes an error; what a signal aborts with need not be one. */
function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new errors.RequestAbortedError();
}
