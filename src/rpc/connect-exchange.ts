import { constants } from "node:http2";
import { ConnectError, Code, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { takeCallerTimeout } from "./caller-timeout.ts";
import { type ConnectExchange, exchangeKey } from "./connect-adapter.ts";
import { toConnectError } from "./connect-error.ts";
import { authorityOf, type HttpRequest, type HttpResponse, isHttp2, sendJson } from "./http-message.ts";
import type { IncomingCall } from "./incoming-call.ts";
import { discardBody, discardRest } from "./discard-body.ts";
import { completeLibraryErrors, completeTrailer } from "./library-response.ts";
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
export async function serveExchange(
  handle: UniversalHandler,
  request: HttpRequest,
  response: HttpResponse,
  deps: ExchangeDeps,
): Promise<void> {
  const header = toHeaders(request);
  const url = toUrl(request);
  if (url === undefined) {
    sendJson(response, 400, { code: "invalid_argument", message: "the request names no valid host" });
    void discardRest(request);
    return;
  }
  const timeoutMs = takeCallerTimeout(header);
  let cutOff: ((error: RpcError) => void) | undefined;
  const cut = new Promise<never>((_, reject) => (cutOff = (error) => reject(toConnectError(error))));
  cut.catch(() => undefined);
  const exchange: ConnectExchange = { open, call: undefined, tooLarge: false };

  function open(method: RpcMethod, context: HandlerContext): OpenCall {
    const incoming = toIncoming(method, context, request, header, timeoutMs, (error) => {
      cutOff?.(error);
      // The caller does not read what was sent: there is no other way to tell it.
      if (response.headersSent) destroy(response);
    });
    const refused = deps.guard(request);
    const call = deps.calls.open(incoming);
    if (refused !== undefined) throw call.fail(refused);
    return call;
  }

  const left = (): void => {
    if (!response.writableEnded) exchange.call?.callerLeft();
  };
  response.once("close", left);
  const complete = (code: Parameters<typeof libraryError>[0], message: string): RpcError => {
    const error = libraryError(code, message, deps.maxRequestBytes);
    exchange.tooLarge ||= code === "RESOURCE_EXHAUSTED";
    return exchange.call?.fail(error) ?? (error instanceof RpcError ? error : internalError("", error));
  };
  try {
    const answer = await handle({
      httpVersion: request.httpVersion,
      method: request.method ?? "",
      url,
      header,
      body: readBody(request, cut),
      signal: new AbortController().signal,
      contextValues: createContextValues().set(exchangeKey, exchange),
    } satisfies UniversalServerRequest);
    const completed = await completeLibraryErrors(answer, complete);
    if (exchange.tooLarge) await discardBody(request, largeBodyMs);
    await writeResponse(completed, response, async (trailer) => {
      completeTrailer(trailer, complete);
      if (exchange.tooLarge) await discardBody(request, largeBodyMs);
    });
  } catch {
    // Only a socket that broke under the answer gets here; the call itself has its status.
    destroy(response);
  } finally {
    if (exchange.call?.running() === true) exchange.call.callerLeft();
    void discardRest(request);
  }
}

function toIncoming(
  method: RpcMethod,
  context: HandlerContext,
  request: HttpRequest,
  header: Headers,
  timeoutMs: number | undefined,
  cutOff: (error: RpcError) => void,
): IncomingCall {
  const { protocolName } = context;
  return {
    method,
    protocol: protocolName === "grpc" || protocolName === "grpc-web" ? protocolName : "connect",
    authority: authorityOf(request),
    header: (name) => header.get(name) ?? undefined,
    timeoutMs,
    setResponseHeader: (name, value) => context.responseHeader.set(name, value),
    setResponseTrailer: (name, value) => context.responseTrailer.set(name, value),
    cutOff,
  };
}

function toHeaders(request: HttpRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
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
