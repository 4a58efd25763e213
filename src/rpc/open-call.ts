import type { Message } from "@bufbuild/protobuf";
import { callerHeader, readCaller } from "../admission/caller.ts";
import type { CallContext } from "./call-context.ts";
import type { Admitted, CallPolicy } from "./call-policy.ts";
import { callAllowance } from "./call-allowance.ts";
import type { IncomingCall } from "./incoming-call.ts";
import { RpcError } from "./rpc-error.ts";
import { callerCancelled, deadlineExceeded, draining, internalError } from "./server-error.ts";

/** A call under way. Its methods throw nothing but {@link RpcError}. */
export interface OpenCall {
  readonly infrastructure: boolean;
  /** Set where the call was refused at the door: answer it, read nothing. */
  readonly refusal: RpcError | undefined;
  readonly running: () => boolean;
  readonly unary: (request: Message) => Promise<Message>;
  readonly stream: (request: Message | AsyncIterable<Message>) => AsyncIterableIterator<Message>;
  /** The server itself fails the call; the error comes back as it must be sent. A call that failed keeps its error. */
  readonly fail: (cause: unknown) => RpcError;
  /** The caller went away. */
  readonly callerLeft: () => void;
  /** Signals the handler, and after `lastWordMs` answers without it. */
  readonly abort: (reason: (contentSent: boolean) => RpcError, lastWordMs: number) => void;
}

const traceHeader = "x-trace-id";
// How long a handler that was told of the caller's leaving may still run before its place is given away.
const farewellMs = 250;
// Beyond it Node's timers fire at once.
const longestTimerMs = 2 ** 31 - 1;

/**
 * Starts the span of a call, its deadline and its admission, and runs its handler: whatever the
 * handler does, the call ends once, on time, with a status of ours.
 * @param ended called once, when the call is over, and not before it is returned; never for one that was refused at the
 *   door
 */
export function openCall(incoming: IncomingCall, policy: CallPolicy, ended: () => void): OpenCall {
  const { method } = incoming;
  const caller = readCaller(incoming.header(callerHeader));
  const span = policy.startSpan({ ...incoming, method: method.name, caller });
  const controller = new AbortController();
  let ticket: Extract<Admitted, { kind: "admitted" }> | undefined;
  let end: "OK" | RpcError | undefined;
  let contentSent = false;
  let pulling: ((error: RpcError) => void) | undefined;
  let lastWord: NodeJS.Timeout | undefined;
  let iterator: AsyncIterator<Message> | undefined;
  let opened = false;

  const allowance = callAllowance(method, incoming.timeoutMs, policy);
  const deadline = (policy.now?.() ?? performance.now()) + allowance.ms;
  incoming.setResponseHeader(traceHeader, span.traceId);

  function finish(outcome: "OK" | RpcError): void {
    if (end !== undefined) return;
    end = outcome;
    // Clients of Connect and gRPC-Web add the trailers of a failed call to its headers: once is enough for them.
    if (outcome === "OK" || incoming.protocol === "grpc")
      incoming.setResponseTrailer(traceHeader, span.traceId);
    clearTimeout(expiry);
    clearTimeout(lastWord);
    ticket?.release();
    span.end(outcome === "OK" ? "OK" : outcome.code);
    if (opened) ended();
  }

  function fail(cause: unknown): RpcError {
    if (end instanceof RpcError) return end;
    const error = translate(cause);
    finish(error);
    return error;
  }

  function translate(cause: unknown): RpcError {
    if (cause instanceof RpcError) return cause;
    // What a handler throws once it was told to stop is an echo of that.
    const told: unknown = controller.signal.reason;
    if (controller.signal.aborted && told instanceof RpcError) return told;
    span.run(() =>
      policy.log.error({ event: "internal-error", method: method.name, err: cause }, "a handler failed"),
    );
    return internalError(span.traceId, cause);
  }

  function abort(reason: (contentSent: boolean) => RpcError, lastWordMs: number): void {
    if (end !== undefined || controller.signal.aborted) return;
    const error = reason(contentSent);
    controller.abort(error);
    lastWord = setTimeout(() => force(reason(contentSent)), lastWordMs);
  }

  function force(error: RpcError): void {
    if (end !== undefined) return;
    finish(error);
    if (pulling === undefined) incoming.cutOff(error);
    else pulling(error);
    leaveIterator();
  }

  function leaveIterator(): void {
    const left = iterator;
    iterator = undefined;
    // A generator that is stuck returns once it gets unstuck: nobody waits for it.
    if (left?.return !== undefined)
      void span.run(() => Promise.resolve(left.return?.()).catch(() => undefined));
  }

  /** Runs inside the span, and lets go of what runs when the call is ended by force. */
  function raced<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const answered = (value: T): void => {
        pulling = undefined;
        resolve(value);
      };
      const failed = (cause: unknown): void => {
        pulling = undefined;
        reject(cause);
      };
      pulling = failed;
      span.run(work).then(answered, failed);
    });
  }

  const expiry =
    allowance.handlerMs > longestTimerMs
      ? undefined
      : setTimeout(
          () => abort(() => deadlineExceeded(allowance.ms), allowance.lastWordMs),
          allowance.handlerMs,
        );

  const context: CallContext = {
    method: method.name,
    protocol: incoming.protocol,
    header: incoming.header,
    setResponseHeader: incoming.setResponseHeader,
    setResponseTrailer: incoming.setResponseTrailer,
    signal: controller.signal,
    deadline,
    deadlineFromCaller: allowance.fromCaller,
    caller,
  };

  function refused(): RpcError | undefined {
    try {
      return refuse();
    } catch (cause) {
      return translate(cause);
    }
  }

  function refuse(): RpcError | undefined {
    if (allowance.ms <= 0) return deadlineExceeded(0);
    if (method.infrastructure) return undefined;
    if (policy.state.phase() === "refusing") return draining(false);
    const admitted = policy.admit?.(incoming);
    if (admitted?.kind === "refused") return admitted.error;
    ticket = admitted;
    return undefined;
  }

  function check(request: Message): void {
    if (end !== undefined) throw end === "OK" ? callerCancelled() : end;
    const problem = policy.validator.check(method.desc.input, request);
    if (problem !== undefined) throw problem;
  }

  const refusal = refused();
  if (refusal !== undefined) finish(refusal);

  const call: OpenCall = {
    infrastructure: method.infrastructure,
    refusal,
    running: () => end === undefined,
    fail,
    abort,
    async unary(request) {
      try {
        if (method.kind !== "unary") throw new Error(`${method.name} is a stream`);
        check(request);
        const answer = await raced(() => method.invoke(request, context));
        finish("OK");
        return answer;
      } catch (cause) {
        throw fail(cause);
      }
    },
    stream(request) {
      const start = (): AsyncIterator<Message> => {
        if (method.kind === "unary") throw new Error(`${method.name} is no stream`);
        if (method.kind === "bidi_streaming") {
          // The adapters hand over the requests of a bidirectional method as they come.
          return method.invoke(request as AsyncIterable<Message>, context)[Symbol.asyncIterator]();
        }
        check(request as Message);
        return method.invoke(request as Message, context)[Symbol.asyncIterator]();
      };
      return {
        [Symbol.asyncIterator]() {
          return this;
        },
        async next() {
          if (end !== undefined) {
            if (end === "OK") return { done: true, value: undefined };
            throw end;
          }
          try {
            iterator ??= span.run(start);
            const source = iterator;
            const result = await raced(() => source.next());
            if (result.done !== true) {
              contentSent = true;
              return result;
            }
            finish("OK");
            return { done: true, value: undefined };
          } catch (cause) {
            throw fail(cause);
          }
        },
        async return() {
          if (end === undefined) {
            const error = callerCancelled();
            controller.abort(error);
            finish(error);
          }
          leaveIterator();
          return { done: true, value: undefined };
        },
      };
    },
    callerLeft() {
      if (end !== undefined) return;
      if (pulling !== undefined) abort(callerCancelled, farewellMs);
      else {
        const error = callerCancelled();
        if (!controller.signal.aborted) controller.abort(error);
        finish(error);
        leaveIterator();
      }
    },
  };
  opened = refusal === undefined;
  return call;
}
