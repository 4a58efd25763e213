import type { IncomingHttpHeaders } from "node:http";
import { type Dispatcher, errors, Pool } from "undici";
import { watchConnections } from "./connection-watch.ts";
import type { Exchange, FaultPhase } from "./exchange.ts";
import { isUnprocessedHttp2 } from "./http2-refusal.ts";
import { createResponseBody, type IncomingBody } from "./response-body.ts";
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
  readonly headers: Record<string, string>;
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
    send: (exchange, { path, headers, body }) => {
      const handler = new ResponseHandler(exchange, phaseOf);
      if (handler.begin()) pool.dispatch({ origin, path, method: "POST", headers, body }, handler);
      return handler.response;
    },
    close: () => pool.destroy(),
  };
}

/**
 * Hears of one response and writes it down in its exchange. It lives as long as the answer goes on, so it knows nothing
 * of the request, which would live as long (test/upstream/transport.test.ts).
 */
class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  readonly #phaseOf: (exchange: Exchange, error: unknown) => FaultPhase;
  readonly #response: PromiseWithResolvers<Response> = Promise.withResolvers();
  #connection: Dispatcher.DispatchController | undefined;
  #body: IncomingBody | undefined;
  readonly #leave = (): void => {
    const { signal } = this.#exchange;
    this.#connection?.abort(reasonOf(signal));
    this.#broke(signal.reason);
  };

  constructor(exchange: Exchange, phaseOf: (exchange: Exchange, error: unknown) => FaultPhase) {
    this.#exchange = exchange;
    this.#phaseOf = phaseOf;
  }

  /** Resolves once the response headers are in; rejects where they never come. */
  get response(): Promise<Response> {
    return this.#response.promise;
  }

  /**
   * From now on an abort ends the request wherever it is: one that waits for a connection, or for its turn on one, is left
   * behind at once, and undici drops it unsent when its turn comes. False where it has ended already.
   */
  begin(): boolean {
    const { signal } = this.#exchange;
    if (signal.aborted) this.#leave();
    else signal.addEventListener("abort", this.#leave);
    return !signal.aborted;
  }

  onRequestStart(connection: Dispatcher.DispatchController): void {
    this.#connection = connection;
    const { signal } = this.#exchange;
    if (signal.aborted) connection.abort(reasonOf(signal));
  }

  onResponseStarted(): void {
    this.#exchange.answered = true;
  }

  onResponseStart(
    connection: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 100 Continue and its like: the response is still to come.
    if (status < 200) return;
    const head = { status, headers };
    this.#body = createResponseBody(connection);
    this.#exchange.head = head;
    this.#exchange.body = this.#body;
    this.#response.resolve(sdkResponse(this.#exchange, head));
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Buffer): void {
    this.#body?.data(bytes);
  }

  onResponseEnd(): void {
    this.#over();
    this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#over();
    this.#broke(error);
  }

  #over(): void {
    this.#exchange.signal.removeEventListener("abort", this.#leave);
  }

  /** The first error counts: before the headers it is the request's, after them the body's. */
  #broke(error: unknown): void {
    const exchange = this.#exchange;
    if (this.#body !== undefined) return this.#body.broke(error);
    exchange.fault ??= { phase: this.#phaseOf(exchange, error), error };
    this.#response.reject(error);
  }
}

/** undici takes an error; what a signal aborts with need not be one. */
function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new errors.RequestAbortedError();
}
