import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { buildConnector, errors } from "undici";

/** Knows of an error of the transport on which connection it came to be. */
export interface ConnectionWatch {
  /** Opens connections for undici. */
  readonly connect: buildConnector.connector;
  /** True where the error means that no connection came about: DNS, TCP, TLS, or their time limit. */
  readonly whileConnecting: (error: unknown) => boolean;
  /** True where the connection that broke had carried a response before. */
  readonly onReused: (error: unknown) => boolean;
}

/**
 * undici hands on the error of the socket as it is: a bare ECONNRESET says neither whether the handshake was over
 * nor whether the socket had been used before. The socket knows; so it is asked at the moment of the error.
 */
export function watchConnections(connectMs: number, http2: boolean): ConnectionWatch {
  const open = buildConnector({ timeout: connectMs, allowH2: http2 });
  const connecting = new WeakSet<Error>();
  const reused = new WeakSet<Error>();
  // A connection outlives the call that opens it: opened inside, it would keep that call's spans, and whatever it
  // brings of later calls would be told as if it were of that one.
  const outside = AsyncLocalStorage.snapshot();

  const watch = (socket: Socket): void => {
    // An HTTP/2 connection has read settings before its first request.
    if ("alpnProtocol" in socket && socket.alpnProtocol === "h2") return;
    socket.on("error", (error) => {
      if (socket.bytesRead > 0) reused.add(error);
    });
  };

  return {
    connect: (options, callback) =>
      outside(() => {
        let answered = false;
        // undici's own timer may run a second late, which is long for a call that waits for its fallback; it
        // still ends the socket that nobody waits for any more.
        const timer = setTimeout(() => {
          answered = true;
          const error = new errors.ConnectTimeoutError(`no connection within ${connectMs} ms`);
          connecting.add(error);
          callback(error, null);
        }, connectMs);
        open(options, (...[error, socket]) => {
          clearTimeout(timer);
          if (answered) {
            socket?.destroy();
          } else if (error === null) {
            watch(socket);
            callback(null, socket);
          } else {
            connecting.add(error);
            callback(error, null);
          }
        });
      }),
    whileConnecting: (error) => error instanceof Error && connecting.has(error),
    onReused: (error) => error instanceof Error && reused.has(error),
  };
}
