import type { Socket } from "node:net";

// RFC 9113, section 3.4: what every HTTP/2 client sends first, and no HTTP/1.1 request can.
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * Reads just enough of a connection to tell HTTP/2 from HTTP/1.1, puts it back and hands the connection on. One that
 * has not said enough within `timeoutMs` is closed.
 */
export function peekProtocol(
  socket: Socket,
  timeoutMs: number,
  serve: (protocol: "http1" | "http2", socket: Socket) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("readable", peek);
    socket.off("end", leave);
    socket.off("close", stop);
  };
  // Before the first byte nobody else answers a half-closed connection.
  const leave = (): void => void socket.end();

  function peek(): void {
    for (;;) {
      // No encoding is set on the socket, so it reads bytes.
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const length = Math.min(seen.length, preface.length);
      const matches = seen.subarray(0, length).equals(preface.subarray(0, length));
      if (!matches || seen.length >= preface.length) {
        stop();
        socket.unshift(seen);
        serve(matches ? "http2" : "http1", socket);
        return;
      }
    }
  }
  socket.on("readable", peek);
  socket.on("end", leave);
  socket.on("close", stop);
}
