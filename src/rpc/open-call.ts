import type { Message } from "@bufbuild/protobuf";
import { callerHeader, readCaller } from "../admission/caller.ts";
import type { CallContext } from "./call-context.ts";
import type { Admitted, CallPolicy } from "./call-policy.ts";
import { type CallAllowance, callAllowance } from "./call-allowance.ts";
import { handlerContext } from "./handler-context.ts";
import type { IncomingCall } from "./incoming-call.ts";
import { RpcError } from "./rpc-error.ts";
import type { Placed } from "./running-calls.ts";
import { callerCancelled, deadlineExceeded, draining, internalError } from "./server-error.ts";

/** A call under way. Its methods throw nothing but {@link RpcError}. */
export interface OpenCall extends Placed {
  readonly infrastructure: boolean;
  /** Set where the call was refused at the door: answer it, read nothing. */
  readonly refusal: RpcError | undefined;
  running(): boolean;
  unary(request: Message): Promise<Message>;
  stream(request: Message | AsyncIterable<Message>): AsyncIterableIterator<Message>;
  /** The server itself fails the call; the error comes back as it must be sent. A call that failed keeps its error. */
  fail(cause: unknown): RpcError;
  /** The caller went away. */
  callerLeft(): void;
  /** Signals the handler, and after `lastWordMs` answers without it. */
  abort(reason: (contentSent: boolean) => RpcError, lastWordMs: number): void;
}

const traceHeader = "x-trace-id";
// How long a handler that was told of the caller's leaving may still run before its place is given away.
const farewellMs = 250;
// Beyond it Node's timers fire at once.
const longestTimerMs = 2 ** 31 - 1;

/**
 * Starts the span of a call, its deadline and its admission, and runs its handler: whatever the
 * handler does, the call ends once, on time, with a status of ours.
 * @param ended called once with the call, when it is over, and not before it is returned; never for one that was refused
 *   at the door
 */
export function openCall(
  incoming: IncomingCall,
  policy: CallPolicy,
  ended: (call: OpenCall) => void,
): OpenCall {
  return new OpenedCall(incoming, policy, ended);
}

class OpenedCall implements OpenCall {
  place = -1;
  readonly refusal: RpcError | undefined;
  readonly #incoming: IncomingCall;
  readonly #policy: CallPolicy;
  readonly #ended: (call: OpenCall) => void;
  readonly #span: ReturnType<CallPolicy["startSpan"]>;
  readonly #controller = new AbortController();
  readonly #allowance: CallAllowance;
  readonly #context: CallContext;
  #ticket: Extract<Admitted, { kind: "admitted" }> | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #lastWord: NodeJS.Timeout | undefined;
  #end: "OK" | RpcError | undefined;
  #contentSent = false;
  /** Lets go of the handler that is being awaited. */
  #letGo: ((error: RpcError) => void) | undefined;
  #answers: AsyncIterator<Message> | undefined;

  constructor(incoming: IncomingCall, policy: CallPolicy, ended: (call: OpenCall) => void) {
    const { method, protocol, authority, header } = incoming;
    const caller = readCaller(header(callerHeader));
    this.#incoming = incoming;
    this.#policy = policy;
    this.#ended = ended;
    this.#span = policy.startSpan({ method: method.name, protocol, authority, header, caller });
    this.#allowance = callAllowance(method, incoming.timeoutMs, policy);
    const deadline = (policy.now?.() ?? performance.now()) + this.#allowance.ms;
    this.#context = handlerContext(incoming, {
      signal: this.#controller.signal,
      deadline,
      deadlineFromCaller: this.#allowance.fromCaller,
      caller,
    });
    incoming.setResponseHeader(traceHeader, this.#span.traceId);
    this.refusal = this.#refused();
    if (this.refusal !== undefined) this.#finish(this.refusal);
    else if (this.#allowance.handlerMs <= longestTimerMs)
      this.#expiry = setTimeout(() => this.#expire(), this.#allowance.handlerMs);
  }

  get infrastructure(): boolean {
    return this.#incoming.method.infrastructure;
  }

  running(): boolean {
    return this.#end === undefined;
  }

  async unary(request: Message): Promise<Message> {
    try {
      const { method } = this.#incoming;
      if (method.kind !== "unary") throw new Error(`${method.name} is a stream`);
      this.#check(request);
      const answer = await this.#raced(() => method.invoke(request, this.#context));
      this.#finish("OK");
      return answer;
    } catch (cause) {
      throw this.fail(cause);
    }
  }

  stream(request: Message | AsyncIterable<Message>): AsyncIterableIterator<Message> {
    return new AnswerStream(this, request);
  }

  /** The next message of a stream. @param request starts its handler, the first time */
  async next(request: Message | AsyncIterable<Message>): Promise<IteratorResult<Message, undefined>> {
    if (this.#end !== undefined) {
      if (this.#end === "OK") return { done: true, value: undefined };
      throw this.#end;
    }
    try {
      const answers = (this.#answers ??= this.#span.run(() => this.#start(request)));
      const result = await this.#raced(() => answers.next());
      this.#letGo = undefined;
      if (result.done !== true) {
        this.#contentSent = true;
        return result;
      }
      this.#finish("OK");
      return { done: true, value: undefined };
    } catch (cause) {
      throw this.fail(cause);
    }
  }

  /** Nobody reads the stream any more. */
  leave(): void {
    if (this.#end === undefined) {
      const error = callerCancelled();
      this.#controller.abort(error);
      this.#finish(error);
    }
    this.#leaveAnswers();
  }

  fail(cause: unknown): RpcError {
    if (this.#end instanceof RpcError) return this.#end;
    const error = this.#translate(cause);
    this.#finish(error);
    return error;
  }

  callerLeft(): void {
    if (this.#end !== undefined) return;
    if (this.#letGo !== undefined) {
      this.abort(callerCancelled, farewellMs);
      return;
    }
    const error = callerCancelled();
    if (!this.#controller.signal.aborted) this.#controller.abort(error);
    this.#finish(error);
    this.#leaveAnswers();
  }

  abort(reason: (contentSent: boolean) => RpcError, lastWordMs: number): void {
    if (this.#end !== undefined || this.#controller.signal.aborted) return;
    this.#controller.abort(reason(this.#contentSent));
    this.#lastWord = setTimeout(() => this.#force(reason(this.#contentSent)), lastWordMs);
  }

  #refused(): RpcError | undefined {
    try {
      return this.#refuse();
    } catch (cause) {
      return this.#translate(cause);
    }
  }

  #refuse(): RpcError | undefined {
    if (this.#allowance.ms <= 0) return deadlineExceeded(0);
    if (this.infrastructure) return undefined;
    if (this.#policy.state.phase() === "refusing") return draining(false);
    const admitted = this.#policy.admit?.(this.#incoming);
    if (admitted?.kind === "refused") return admitted.error;
    this.#ticket = admitted;
    return undefined;
  }

  #check(request: Message): void {
    if (this.#end !== undefined) throw this.#end === "OK" ? callerCancelled() : this.#end;
    const problem = this.#policy.validator.check(this.#incoming.method.desc.input, request);
    if (problem !== undefined) throw problem;
  }

  #start(request: Message | AsyncIterable<Message>): AsyncIterator<Message> {
    const { method } = this.#incoming;
    if (method.kind === "unary") throw new Error(`${method.name} is no stream`);
    if (method.kind === "bidi_streaming") {
      // The adapters hand over the requests of a bidirectional method as they come.
      return method.invoke(request as AsyncIterable<Message>, this.#context)[Symbol.asyncIterator]();
    }
    this.#check(request as Message);
    return method.invoke(request as Message, this.#context)[Symbol.asyncIterator]();
  }

  /** Runs inside the span, and lets go of what runs when the call is ended by force. */
  #raced<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#letGo = reject;
    this.#span.run(work).then(resolve, reject);
    return promise;
  }

  #expire(): void {
    const { ms, lastWordMs } = this.#allowance;
    this.abort(() => deadlineExceeded(ms), lastWordMs);
  }

  #force(error: RpcError): void {
    if (this.#end !== undefined) return;
    this.#finish(error);
    if (this.#letGo === undefined) this.#incoming.cutOff(error);
    else this.#letGo(error);
    this.#leaveAnswers();
  }

  #finish(outcome: "OK" | RpcError): void {
    if (this.#end !== undefined) return;
    this.#end = outcome;
    // Clients of Connect and gRPC-Web add the trailers of a failed call to its headers: once is enough for them.
    if (outcome === "OK" || this.#incoming.protocol === "grpc")
      this.#incoming.setResponseTrailer(traceHeader, this.#span.traceId);
    clearTimeout(this.#expiry);
    clearTimeout(this.#lastWord);
    this.#ticket?.release();
    this.#span.end(outcome === "OK" ? "OK" : outcome.code);
    if (this.refusal === undefined) this.#ended(this);
  }

  #translate(cause: unknown): RpcError {
    if (cause instanceof RpcError) return cause;
    // What a handler throws once it was told to stop is an echo of that.
    const told: unknown = this.#controller.signal.reason;
    if (this.#controller.signal.aborted && told instanceof RpcError) return told;
    const method = this.#incoming.method.name;
    this.#span.run(() =>
      this.#policy.log.error({ event: "internal-error", method, err: cause }, "a handler failed"),
    );
    return internalError(this.#span.traceId, cause);
  }

  #leaveAnswers(): void {
    const left = this.#answers;
    this.#answers = undefined;
    // A generator that is stuck returns once it gets unstuck: nobody waits for it.
    if (left?.return !== undefined)
      void this.#span.run(() => Promise.resolve(left.return?.()).catch(() => undefined));
  }
}

/** The messages of a call that streams, as the server reads them. */
class AnswerStream implements AsyncIterableIterator<Message> {
  readonly #call: OpenedCall;
  readonly #request: Message | AsyncIterable<Message>;

  constructor(call: OpenedCall, request: Message | AsyncIterable<Message>) {
    this.#call = call;
    this.#request = request;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    return this.#call.next(this.#request);
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    this.#call.leave();
    return { done: true, value: undefined };
  }
}
