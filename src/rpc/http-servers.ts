import { createServer as createHttp1Server, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { HttpRequest, HttpResponse } from "./http-message.ts";
import { peekProtocol } from "./peek-protocol.ts";

/** HTTP/1.1 and HTTP/2 behind one cleartext port. */
export interface HttpServers {
  readonly serve: (socket: Socket) => void;
  /** GOAWAY to every HTTP/2 client, and the end of every idle HTTP/1.1 connection; what runs goes on. */
  readonly retire: () => void;
  /** Stops timers of the HTTP/1.1 server. */
  readonly close: () => void;
}

const peekMs = 10_000;
const maxHeaderBytes = 32_768;
// A request must be whole within this; a response may take as long as its call.
const requestMs = 60_000;
const headersMs = 15_000;
// Above the idle time of common proxies (60 s), so that they close first and no request meets a closing socket.
const idleMs = 75_000;
// Node's own limits (1000 at once, 33 a second) cut a connection on which a client cancels
// many calls, and with it every other call on it: 4000 cancels failed 150 of them. See cancel-storm.test.ts.
export const streamResetBurst = 100_000;
export const streamResetRate = 10_000;
// What one client connection may hold; Node's default of 10 refuses streams while some large requests are under way.
export const maxSessionMegabytes = 256;

/** Both servers with one listener for their requests. */
export function createHttpServers(
  onRequest: (request: HttpRequest, response: HttpResponse) => void,
): HttpServers {
  let retiring = false;
  const sessions = new Set<ServerHttp2Session>();
  const http1 = createHttp1Server({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: 5_000,
  });
  const http2 = createHttp2Server({
    streamResetBurst,
    streamResetRate,
    maxSessionMemory: maxSessionMegabytes,
    settings: {
      maxConcurrentStreams: 4_096,
      maxHeaderListSize: maxHeaderBytes,
      initialWindowSize: 1_048_576,
    },
  });
  // It never listens itself, and only the start of listening arms its time limits. See slow-client.test.ts.
  http1.emit("listening");
  http1.on("request", (request, response) => {
    // Each may fail with its socket; the exchange learns it from the close that follows.
    request.on("error", ignore);
    response.on("error", ignore);
    if (retiring) response.shouldKeepAlive = false;
    response.once("finish", () => {
      if (retiring) request.socket.end();
    });
    onRequest(request, response);
  });
  http2.on("request", (request, response) => {
    request.on("error", ignore);
    response.on("error", ignore);
    onRequest(request, response);
  });
  http2.on("session", (session) => {
    session.on("error", ignore);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    if (retiring) session.close();
  });
  http2.on("sessionError", ignore);
  return {
    serve: (socket) =>
      peekProtocol(socket, peekMs, (protocol, peeked) => handOver(protocol, peeked, http1, http2)),
    retire() {
      retiring = true;
      for (const session of sessions) session.close();
      http1.closeIdleConnections();
    },
    close: () => http1.close(),
  };
}

function handOver(protocol: "http1" | "http2", socket: Socket, http1: Server, http2: Http2Server): void {
  (protocol === "http1" ? http1 : http2).emit("connection", socket);
}

function ignore(): void {}
