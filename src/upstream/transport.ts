import { type Dispatcher, Pool } from "undici";
import { watchConnections } from "./connection-watch.ts";
import type { Exchange, FaultPhase } from "./exchange.ts";
import { isUnprocessedHttp2 } from "./http2-refusal.ts";
import { sdkResponse } from "./sdk-response.ts";

/** Beyond this a response is no answer but a fault; undici then ends the connection. */
const maxResponseBytes = 32 * 1024 * 1024;

/** Shorter than what servers keep, so that the race against their end of it is rare. */
const keepAliveMs = 20_000;

/**
 * The headers of the SDK that leave: those that we set. Its own telemetry (`x-stainless-*`) stays here, and so does
 * whatever the variable OPENAI_CUSTOM_HEADERS would add.
 */
const sentHeaders = ["authorization", "content-type", "accept", "user-agent"] as const;

export interface TransportOptions {
  readonly baseUrl: string;
  readonly maxConnections: number;
  readonly http2: boolean;
  readonly connectMs: number;
}

/** The connections of one upstream. */
export interface Transport {
  /** What the SDK uses as `fetch`. Wants an {@link Exchange} as `exchange` in its `fetchOptions`. */
  readonly fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Ends every connection; requests in flight fail. */
  readonly close: () => Promise<void>;
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
  const watched = pool.compose(noteResponse);

  const phaseOf = (exchange: Exchange, error: unknown): FaultPhase => {
    if (watch.whileConnecting(error)) return "connecting";
    if (exchange.answered) return "lost";
    return watch.onReused(error) || isUnprocessedHttp2(error) ? "unprocessed" : "lost";
  };

  return {
    fetch: async (url, init) => {
      const { exchange, headers, body } = init as SdkInit;
      const { pathname, search } = new URL(url instanceof Request ? url.url : url);
      const request: WatchedOptions = {
        origin,
        path: `${pathname}${search}`,
        method: "POST",
        headers: headersToSend(headers, exchange.headers),
        body,
        signal: exchange.signal,
        exchange,
      };
      try {
        const { statusCode: status, headers, body } = await sendRequest(watched, request);
        const head = { status, headers };
        exchange.head = head;
        exchange.body = body;
        return sdkResponse(exchange, head);
      } catch (error) {
        exchange.fault = { phase: phaseOf(exchange, error), error };
        throw error;
      }
    },
    close: () => pool.destroy(),
  };
}

/** What the SDK really gives to `fetch`: its `fetchOptions` come through as they are. */
interface SdkInit {
  readonly exchange: Exchange;
  readonly headers: Headers;
  readonly body: string;
}

/** What we give to undici, which hands it on to {@link noteResponse} as it is. */
interface WatchedOptions extends Dispatcher.RequestOptions {
  readonly exchange: Exchange;
}

/** Writes down that a response began: what undici's errors do not tell. */
const noteResponse: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) => {
  const { exchange } = request as WatchedOptions;
  return dispatch(request, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStarted: () => {
      exchange.answered = true;
    },
    onResponseStart: (controller, status, headers, text) =>
      handler.onResponseStart?.(controller, status, headers, text),
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  });
};

/**
 * undici hears an abort only once the request is on a connection; one that waits for a connection, or for its turn
 * on one, would stay. It is left behind at once, and undici drops it unsent when its turn comes.
 */
function sendRequest(dispatcher: Dispatcher, request: WatchedOptions): Promise<Dispatcher.ResponseData> {
  const { signal } = request.exchange;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener("abort", leave, { once: true });
    dispatcher.request(request, (error, response) => {
      signal.removeEventListener("abort", leave);
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

function headersToSend(fromSdk: Headers, ofCall: Readonly<Record<string, string>>): string[] {
  const sent: string[] = [];
  for (const name of sentHeaders) {
    const value = fromSdk.get(name);
    if (value !== null) sent.push(name, value);
  }
  for (const [name, value] of Object.entries(ofCall)) sent.push(name, value);
  return sent;
}
