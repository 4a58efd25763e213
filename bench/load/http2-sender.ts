import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import type { Received, Sender } from "./sender.ts";
import type { Wire } from "./wire.ts";

/** HTTP/2 without TLS; requests go over the connections in turn. @param origin such as `http://127.0.0.1:50051` */
export function createHttp2Sender(origin: string, connections: number): Sender {
  const sessions = Array.from({ length: connections }, () => {
    const session = connect(origin, { settings: { initialWindowSize: 1 << 20 } });
    // What it means for a request, the request tells.
    session.on("error", () => undefined);
    return session;
  });
  let turn = 0;
  return {
    send: (wire, onFirstByte) => {
      const session = sessions[turn++ % sessions.length];
      if (session === undefined) throw new Error("a client without connections");
      return request(session, wire, onFirstByte);
    },
    close: () => {
      for (const session of sessions) session.destroy();
    },
  };
}

function request(session: ClientHttp2Session, wire: Wire, onFirstByte?: () => void): Promise<Received> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": wire.path, ...wire.headers });
    const body: Buffer[] = [];
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let firstByteAt: number | undefined;
    stream.on("response", (received) => {
      headers = received;
      status = received[":status"] ?? 0;
    });
    stream.on("data", (chunk: Buffer) => {
      if (firstByteAt === undefined) {
        firstByteAt = performance.now();
        onFirstByte?.();
      }
      body.push(chunk);
    });
    stream.on("trailers", (received) => (trailers = received));
    stream.on("error", reject);
    stream.on("close", () => resolve({ status, headers, body: Buffer.concat(body), trailers, firstByteAt }));
    stream.end(wire.body);
  });
}
