import { constants } from "node:http2";
import { ConnectError, Code, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { takeCallerTimeout } from "./caller-timeout.ts";
import { type ConnectExchange, exchangeKey } from "./connect-adapter.ts";
import { toConnectError } from "./connect-error.ts";
import { authorityOf, type HttpRequest, type HttpResponse, isHttp2, sendJson } from "./http-message.ts";
import type { IncomingCall } from "./incoming-call.ts";
import { discardBody, discardRest } from "./discard-body.ts";
import { type CompleteError, completeLibraryErrors, completeTrailer } from "./library-response.ts";
import type { OpenCall } from "./open-call.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcMethod } from "./rpc-service.ts";
import type { CallServer } from "./serve-call.ts";
import { internalError, libraryError } from "./server-error.ts";
import { writeResponse } from "./write-response.ts";

// Node's HTTP/2 client cannot take an answer while more than 10 MB of its request wait to be sent, and many clients
// read nothing before they have sent all: a refusal for size waits this long for the rest of the body.
const largeBodyMs = 1_000;

/** What the exchanges of one listener share. */
export interface ExchangeDeps {
  readonly calls: CallServer;
  readonly maxRequestBytes: number;
  /** Refuses a call for who makes it, before anything else; undefined lets it through. */
  readonly guard: (request: HttpRequest) => RpcError | undefined;
}

/** Serves one request of one RPC. Never rejects: whatever goes wrong ends this exchange alone. */
export function serveExchange(
  handle: UniversalHandler,
  request: HttpRequest,
  response: HttpResponse,
  deps: ExchangeDeps,
): Promise<void> {
  const url = toUrl(request);
  if (url === undefined) {
    sendJson(response, 400, { code: "invalid_argument", message: "the request names no valid host" });
    return discardRest(request);
  }
  return new Exchange(request, response, deps).serve(handle, url);
}

class Exchange implements ConnectExchange {
  call: OpenCall | undefined;
  tooLarge = false;
  readonly header: Headers;
  readonly timeoutMs: number | undefined;
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  readonly #deps: ExchangeDeps;
  readonly #cut = Promise.withResolvers<never>();
  readonly #complete: CompleteError = (code, message) => {
    const error = libraryError(code, message, this.#deps.maxRequestBytes);
    this.tooLarge ||= code === "RESOURCE_EXHAUSTED";
    return this.call?.fail(error) ?? (error instanceof RpcError ? error : internalError("", error));
  };

  constructor(request: HttpRequest, response: HttpResponse, deps: ExchangeDeps) {
    this.#request = request;
    this.#response = response;
    this.#deps = deps;
    this.header = toHeaders(request);
    this.timeoutMs = takeCallerTimeout(this.header);
    this.#cut.promise.catch(() => undefined);
    response.once("close", () => {
      if (!response.writableEnded) this.call?.callerLeft();
    });
  }

  get authority(): string | undefined {
    return authorityOf(this.#request);
  }

  open(method: RpcMethod, context: HandlerContext): OpenCall {
    const { guard, calls } = this.#deps;
    const refused = guard(this.#request);
    const call = calls.open(new ConnectIncomingCall(method, context, this));
    if (refused !== undefined) throw call.fail(refused);
    return call;
  }

  async serve(handle: UniversalHandler, url: string): Promise<void> {
    const request = this.#request;
    try {
      const answer = await handle({
        httpVersion: request.httpVersion,
        method: request.method ?? "",
        url,
        header: this.header,
        body: readBody(request, this.#cut.promise),
        signal: new AbortController().signal,
        contextValues: createContextValues().set(exchangeKey, this),
      } satisfies UniversalServerRequest);
      const completed = await completeLibraryErrors(answer, this.#complete);
      if (this.tooLarge) await discardBody(request, largeBodyMs);
      await writeResponse(completed, this.#response, async (trailer) => {
        completeTrailer(trailer, this.#complete);
        if (this.tooLarge) await discardBody(request, largeBodyMs);
      });
    } catch {
      // Only a socket that broke under the answer gets here; the call itself has its status.
      destroy(this.#response);
    } finally {
      if (this.call?.running() === true) this.call.callerLeft();
      void discardRest(request);
    }
  }

  cutOff(error: RpcError): void {
    this.#cut.reject(toConnectError(error));
    // The caller does not read what was sent: there is no other way to tell it.
    if (this.#response.headersSent) destroy(this.#response);
  }
}

class ConnectIncomingCall implements IncomingCall {
  readonly method: RpcMethod;
  readonly protocol: IncomingCall["protocol"];
  readonly header: IncomingCall["header"];
  readonly #context: HandlerContext;
  readonly #exchange: Exchange;

  constructor(method: RpcMethod, context: HandlerContext, exchange: Exchange) {
    const { protocolName } = context;
    this.method = method;
    this.protocol = protocolName === "grpc" || protocolName === "grpc-web" ? protocolName : "connect";
    this.header = (name) => exchange.header.get(name) ?? undefined;
    this.#context = context;
    this.#exchange = exchange;
  }

  get authority(): string | undefined {
    return this.#exchange.authority;
  }

  get timeoutMs(): number | undefined {
    return this.#exchange.timeoutMs;
  }

  setResponseHeader(name: string, value: string): void {
    this.#context.responseHeader.set(name, value);
  }

  setResponseTrailer(name: string, value: string): void {
    this.#context.responseTrailer.set(name, value);
  }

  cutOff(error: RpcError): void {
    this.#exchange.cutOff(error);
  }
}

function toHeaders(request: HttpRequest): Headers {
  const headers = new Headers();
  const sent = request.headers;
  for (const name in sent) {
    const value = sent[name];
    if (value === undefined || name.startsWith(":")) continue;
    headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

function toUrl(request: HttpRequest): string | undefined {
  return URL.parse(request.url ?? "/", `http://${authorityOf(request) ?? "invalid host"}`)?.toString();
}

/**
 * The body as it arrives. It keeps its socket when it is left early, unlike the stream's own iterator, and it ends when
 * the call does, so that a body that never ends holds no place.
 */
async function* readBody(request: HttpRequest, cut: Promise<never>): AsyncGenerator<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const result = await Promise.race([chunks.next(), cut]);
      if (result.done === true) return;
      // No encoding is set on the request, so its chunks are bytes.
      yield result.value as Uint8Array;
    }
  } catch (cause) {
    throw cause instanceof ConnectError ? cause : new ConnectError("the request broke off", Code.Canceled);
  } finally {
    // Takes its listeners off the request, which could not be read to its end by anyone else otherwise.
    void chunks.return?.().catch(() => undefined);
  }
}

function destroy(response: HttpResponse): void {
  if (isHttp2(response)) response.stream?.close(constants.NGHTTP2_CANCEL);
  else response.destroy();
}
