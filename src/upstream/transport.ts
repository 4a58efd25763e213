import { Pool } from "undici";
import { watchConnections } from "./connection-watch.ts";
import type { Exchange, FaultPhase } from "./exchange.ts";
import { isUnprocessedHttp2 } from "./http2-refusal.ts";
import { readErrorText } from "./read-bounded.ts";

/** Beyond this a response is no answer but a fault; undici then ends the connection. */
const maxResponseBytes = 32 * 1024 * 1024;

/** Shorter than what servers keep, so that the race against their end of it is rare. */
const keepAliveMs = 20_000;

/**
 * The headers of the SDK that leave: those that we set. Its own telemetry (`x-stainless-*`) stays, and so does
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
  const watched = pool.compose((dispatch) => (request, handler) => {
    const { exchange } = request as typeof request & CarriesExchange;
    return dispatch(request, {
      onRequestStart: (controller, context) => {
        exchange.sent = true;
        handler.onRequestStart?.(controller, context);
      },
      onResponseStarted: () => {
        exchange.answered = true;
      },
      onResponseStart: (controller, status, headers, text) =>
        handler.onResponseStart?.(controller, status, headers, text),
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    });
  });

  const phaseOf = (exchange: Exchange, error: unknown): FaultPhase => {
    if (watch.whileConnecting(error)) return "connecting";
    if (exchange.answered) return "lost";
    return !exchange.sent || watch.onReused(error) || isUnprocessedHttp2(error) ? "unprocessed" : "lost";
  };

  return {
    fetch: async (url, init) => {
      const { exchange, headers, body } = init as SdkInit;
      const sent: string[] = [];
      for (const name of sentHeaders) {
        const value = headers.get(name);
        if (value !== null) sent.push(name, value);
      }
      for (const name in exchange.headers) sent.push(name, exchange.headers[name] ?? "");
      const { pathname, search } = new URL(url instanceof Request ? url.url : url);
      const request = {
        origin,
        path: `${pathname}${search}`,
        method: "POST",
        headers: sent,
        body,
        signal: exchange.signal,
        exchange,
      } as const;
      try {
        const response = await watched.request(request);
        exchange.head = { status: response.statusCode, headers: response.headers };
        exchange.body = response.body;
      } catch (error) {
        exchange.fault = { phase: phaseOf(exchange, error), error };
        throw error;
      }
      return sdkResponse(exchange, exchange.head.status);
    },
    close: () => pool.destroy(),
  };
}

interface CarriesExchange {
  readonly exchange: Exchange;
}

/** What the SDK really gives to `fetch`: `fetchOptions` come through as they are. */
interface SdkInit extends CarriesExchange {
  readonly headers: Headers;
  readonly body: string;
}

/**
 * As much of a Response as the SDK looks at. A real one would turn the body into a web stream, at several times
 * the cost of reading it. The body of an error is read here, bounded, because the SDK asks for its text.
 */
function sdkResponse(exchange: Exchange, status: number): Response {
  const header = (name: string): string | null => {
    const value = exchange.head?.headers[name];
    return typeof value === "string" ? value : null;
  };
  const response: Pick<Response, "ok" | "status" | "url" | "text"> & {
    readonly headers: {
      readonly get: (name: string) => string | null;
      readonly entries: () => readonly never[];
    };
  } = {
    ok: status >= 200 && status < 300,
    status,
    url: "",
    headers: { get: header, entries: () => [] },
    text: async () => {
      exchange.errorText = exchange.body === undefined ? "" : await readErrorText(exchange.body);
      return exchange.errorText;
    },
  };
  return response as unknown as Response;
}
