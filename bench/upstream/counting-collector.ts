// An OTLP collector that counts spans and keeps none, so that what it takes of the side core is small. GET / answers
// with the count.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

let spans = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "GET") {
      response.end(`${spans}`);
      return;
    }
    spans += countFields(Buffer.concat(chunks), [resourceSpans, scopeSpans, span]);
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening ${port}\n`);
});

// The field of each level on the way to a span: ExportTraceServiceRequest, ResourceSpans, ScopeSpans.
const resourceSpans = 1;
const scopeSpans = 2;
const span = 2;

/** How many length-delimited fields lie at the end of this path of field numbers. */
function countFields(message: Buffer, [wanted, ...below]: readonly number[]): number {
  let count = 0;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    switch (tag & 7) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 5:
        at += 4;
        break;
      default: {
        const length = varint();
        if (tag >>> 3 === wanted)
          count += below.length === 0 ? 1 : countFields(message.subarray(at, at + length), below);
        at += length;
      }
    }
  }
  return count;
}
