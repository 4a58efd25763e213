import { connect } from "node:http2";

/** A gRPC request down at its bytes. */
export interface RawGrpcCall {
  /** Of `GatewayService`; Chat where left out. */
  readonly method?: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** False: the body is left open after these bytes. */
  readonly end?: boolean;
}

/** Sends one gRPC call as it is; resolves with the headers or trailers that its status came in. */
export function callRawGrpc(
  address: string,
  { method = "Chat", body, headers = {}, end = true }: RawGrpcCall,
): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": `/switchyard.v1.GatewayService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const done = (status: Record<string, unknown>): void => {
      if (status["grpc-status"] === undefined) return;
      resolve(status);
      session.destroy();
    };
    stream.on("response", done);
    stream.on("trailers", done);
    stream.on("error", () => {});
    stream.resume();
    if (end) stream.end(body);
    else stream.write(body);
  });
}

/** The five bytes before a message that is so long. */
export function grpcHead(length: number, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  if (compressed) head[0] = 1;
  head.writeUInt32BE(length, 1);
  return head;
}
