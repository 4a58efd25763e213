/** A request off the wire. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; of a repeated header the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads HTTP/1.1 requests out of the bytes of a connection: enough of RFC 9112 for the clients of the tests. */
export function createRequestReader() {
  let pending = Buffer.alloc(0);

  function takeBody(
    from: number,
    headers: Readonly<Record<string, string>>,
  ): { body: Buffer; end: number } | undefined {
    if (headers["transfer-encoding"] !== "chunked") {
      const end = from + Number(headers["content-length"] ?? 0);
      return pending.length < end ? undefined : { body: pending.subarray(from, end), end };
    }
    const parts: Buffer[] = [];
    for (let at = from; ;) {
      const line = pending.indexOf("\r\n", at);
      if (line === -1) return undefined;
      const size = Number.parseInt(pending.toString("latin1", at, line), 16);
      const end = line + 2 + size + 2;
      if (pending.length < end) return undefined;
      if (size === 0) return { body: Buffer.concat(parts), end };
      parts.push(pending.subarray(line + 2, line + 2 + size));
      at = end;
    }
  }

  return {
    push: (bytes: Buffer): void => {
      pending = Buffer.concat([pending, bytes]);
    },
    /** The next whole request, if it is all there. */
    take: (): RawRequest | undefined => {
      const headEnd = pending.indexOf("\r\n\r\n");
      if (headEnd === -1) return undefined;
      const [start = "", ...lines] = pending.toString("latin1", 0, headEnd).split("\r\n");
      const headers = Object.fromEntries(
        lines.map((line) => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }),
      );
      const read = takeBody(headEnd + 4, headers);
      if (read === undefined) return undefined;
      const [method = "", path = ""] = start.split(" ");
      pending = pending.subarray(read.end);
      return { method, path, headers, body: read.body.toString("utf8") };
    },
  };
}
