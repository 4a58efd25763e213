import { Pool } from "undici";
import type { Sender } from "./sender.ts";

/** HTTP/1.1, one request at a time on each connection. @param origin such as `http://127.0.0.1:8080` */
export function createHttp1Sender(origin: string, connections: number): Sender {
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  return {
    send: async (wire, onFirstByte) => {
      const { statusCode, headers, body } = await pool.request({
        path: wire.path,
        method: "POST",
        headers: wire.headers,
        body: wire.body,
      });
      const chunks: Buffer[] = [];
      let firstByteAt: number | undefined;
      for await (const chunk of body) {
        if (firstByteAt === undefined) {
          firstByteAt = performance.now();
          onFirstByte?.();
        }
        chunks.push(chunk as Buffer);
      }
      return { status: statusCode, headers, body: Buffer.concat(chunks), trailers: {}, firstByteAt };
    },
    close: () => void pool.destroy().catch(() => undefined),
  };
}
