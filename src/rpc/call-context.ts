/** What a handler knows of the call besides its message; the same on every server. */
export interface CallContext {
  /** `switchyard.v1.GatewayService/Chat`. */
  readonly method: string;
  readonly protocol: "grpc" | "grpc-web" | "connect";
  /** Lower-case names. Undefined where the caller sent none. */
  header(name: string): string | undefined;
  /** Sent before the first message. */
  setResponseHeader(name: string, value: string): void;
  /** Sent after the last. */
  setResponseTrailer(name: string, value: string): void;
  /** Aborts when the caller goes away, its deadline passes or the server gives up on it. */
  readonly signal: AbortSignal;
  /** Instant on the monotonic clock (the policy's); the caller's own or the server's default. */
  readonly deadline: number;
  /** True where the caller itself set the deadline. */
  readonly deadlineFromCaller: boolean;
  /** Who calls: `x-switchyard-caller`, else `anonymous`. */
  readonly caller: string;
}
