import type { CallContext } from "./call-context.ts";
import type { IncomingCall } from "./incoming-call.ts";

/** What the pipeline adds to what the server knows. */
type PipelineFacts = Pick<CallContext, "signal" | "deadline" | "deadlineFromCaller" | "caller">;

/** What the handler of a call is given: as much of the call as concerns it. */
export function handlerContext(incoming: IncomingCall, facts: PipelineFacts): CallContext {
  return new HandlerContext(incoming, facts);
}

class HandlerContext implements CallContext {
  readonly #incoming: IncomingCall;
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly deadlineFromCaller: boolean;
  readonly caller: string;

  constructor(incoming: IncomingCall, facts: PipelineFacts) {
    this.#incoming = incoming;
    this.signal = facts.signal;
    this.deadline = facts.deadline;
    this.deadlineFromCaller = facts.deadlineFromCaller;
    this.caller = facts.caller;
  }

  get method(): string {
    return this.#incoming.method.name;
  }

  get protocol(): CallContext["protocol"] {
    return this.#incoming.protocol;
  }

  header(name: string): string | undefined {
    return this.#incoming.header(name);
  }

  setResponseHeader(name: string, value: string): void {
    this.#incoming.setResponseHeader(name, value);
  }

  setResponseTrailer(name: string, value: string): void {
    this.#incoming.setResponseTrailer(name, value);
  }
}
