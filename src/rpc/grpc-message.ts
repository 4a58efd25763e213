/**
 * A status message as the header `grpc-message` spells it: percent-encoded only outside printable ASCII and for `%`.
 * connect-es encodes more than that, and clients that undo only this much (grpc-js) show `%3A` for a colon.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function encodeGrpcMessage(message: string): string {
  return message.toWellFormed().replaceAll(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}
