import type { Answer, Wire } from "./wire.ts";

/** An answer, and when its first byte of body came. */
export interface Received extends Answer {
  /** Instant of the monotonic clock; undefined where there was no body. */
  readonly firstByteAt: number | undefined;
}

/** A client with its connections. */
export interface Sender {
  /**
   * Rejects where the connection breaks or the request could not be sent.
   * @param onFirstByte called when the first byte of the body comes
   */
  readonly send: (wire: Wire, onFirstByte?: () => void) => Promise<Received>;
  /** Ends every connection, whatever is under way. */
  readonly close: () => void;
}
