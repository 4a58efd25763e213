import type { RpcError } from "./rpc-error.ts";
import type { RpcMethod } from "./rpc-service.ts";

/** A call as a server sees it once its headers are in: what each protocol adapter fills. */
export interface IncomingCall {
  readonly method: RpcMethod;
  readonly protocol: "grpc" | "grpc-web" | "connect";
  /** Host and port that the caller addressed. */
  readonly authority: string | undefined;
  /** Lower-case names. A function of its own: it is handed on. */
  readonly header: (name: string) => string | undefined;
  /** The allowance that the caller sent, in milliseconds; undefined where it set none. */
  readonly timeoutMs: number | undefined;
  /** Sent before the first message. */
  setResponseHeader(name: string, value: string): void;
  /** Sent after the last. */
  setResponseTrailer(name: string, value: string): void;
  /**
   * The call was ended by force while the server was not waiting for a message: its request is still
   * arriving, or the caller does not read what was sent. Answer with this error, or cut the connection's stream.
   */
  cutOff(error: RpcError): void;
}
