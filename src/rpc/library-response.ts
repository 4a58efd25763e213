import { Code, ConnectError } from "@connectrpc/connect";
import { compressedFlag, encodeEnvelope, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  endStreamFlag,
  errorFromJsonBytes,
  errorToJsonBytes,
} from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import { toConnectError } from "./connect-error.ts";
import { encodeGrpcMessage } from "./grpc-message.ts";
import { codeOfNumber } from "./rpc-code.ts";
import type { RpcCode, RpcError } from "./rpc-error.ts";

/** What our error for a library's own says; also ends the call with it. */
export type CompleteError = (code: RpcCode, message: string) => RpcError;

/**
 * Gives the errors that connect-es makes by itself (a malformed or too large request, an unknown
 * compression) the code and details that every error of ours has. It sends them past every hook that it offers,
 * so they are found in the response: an error without details is never ours. @see test/rpc/interop.test.ts
 * The trailers of gRPC are not final before the body is read: for them see {@link completeTrailer}.
 */
export async function completeLibraryErrors(
  response: UniversalServerResponse,
  complete: CompleteError,
): Promise<UniversalServerResponse> {
  const { body, header } = response;
  if (body === undefined || response.trailer !== undefined) return response;
  if (response.status !== 200) {
    // A unary error of the Connect protocol: its body is one chunk, counted in a header.
    const chunks: Uint8Array[] = [];
    let { status } = response;
    for await (const chunk of body) {
      const completed = completeJson(chunk, complete);
      chunks.push(completed.bytes);
      if (completed.code !== undefined) status = codeToHttpStatus(completed.code);
    }
    header?.set("content-length", String(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)));
    return { ...response, status, body: fromChunks(chunks) };
  }
  const type = header?.get("content-type") ?? "";
  if (type.startsWith("application/grpc-web")) {
    return { ...response, body: mapChunks(body, (chunk) => completeWebTrailer(chunk, complete)) };
  }
  if (type.startsWith("application/connect")) {
    return { ...response, body: mapChunks(body, (chunk) => completeEndStream(chunk, complete)) };
  }
  return response;
}

/** The same for trailers that carry a gRPC status; also spells their message as gRPC does. */
export function completeTrailer(trailer: Headers, complete: CompleteError): void {
  const status = trailer.get("grpc-status");
  if (status === null || status === "0") return;
  const message = decodeURIComponent(trailer.get("grpc-message") ?? "");
  if (!trailer.has("grpc-status-details-bin")) {
    setTrailerStatus(trailer, toConnectError(complete(codeOfNumber(Number(status)), message)));
  }
  trailer.set("grpc-message", encodeGrpcMessage(decodeURIComponent(trailer.get("grpc-message") ?? "")));
}

// One byte of flags, four of length.
const envelopeHeadBytes = 5;
// As connect-es writes it; written otherwise, it is read like the others.
const statusOk = "grpc-status: 0\r\n";

function completeWebTrailer(chunk: Uint8Array, complete: CompleteError): Uint8Array {
  // A compressed one is long: it has details already.
  if (chunk[0] !== trailerFlag) return chunk;
  // Nearly every one: to read and write it again costs as much as to make it did.
  if (Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).includes(statusOk)) return chunk;
  const trailer = trailerParse(chunk.subarray(envelopeHeadBytes));
  completeTrailer(trailer, complete);
  return encodeEnvelope(trailerFlag, trailerSerialize(trailer));
}

function completeEndStream(chunk: Uint8Array, complete: CompleteError): Uint8Array {
  const flags = chunk[0] ?? 0;
  if ((flags & endStreamFlag) === 0 || (flags & compressedFlag) !== 0) return chunk;
  const end: unknown = JSON.parse(new TextDecoder().decode(chunk.subarray(envelopeHeadBytes)));
  if (typeof end !== "object" || end === null || !("error" in end)) return chunk;
  const { bytes } = completeJson(new TextEncoder().encode(JSON.stringify(end.error)), complete);
  const error: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return encodeEnvelope(endStreamFlag, new TextEncoder().encode(JSON.stringify({ ...end, error })));
}

interface CompletedJson {
  readonly bytes: Uint8Array;
  /** Undefined where nothing was changed. Ours may differ from the library's, which calls what it cannot read internal. */
  readonly code?: Code;
}

function completeJson(bytes: Uint8Array, complete: CompleteError): CompletedJson {
  let error: ConnectError;
  try {
    error = errorFromJsonBytes(bytes, undefined, new ConnectError("", Code.Unknown));
  } catch {
    return { bytes };
  }
  if (error.details.length > 0) return { bytes };
  const completed = toConnectError(complete(codeOfNumber(error.code), error.rawMessage));
  return { bytes: errorToJsonBytes(completed, undefined), code: completed.code };
}

async function* fromChunks(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* mapChunks(
  body: AsyncIterable<Uint8Array>,
  map: (chunk: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield map(chunk);
}
