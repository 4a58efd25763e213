import { errors } from "undici";

/** The body of a response, still on its way. One reader: either `text`, or `read` again and again. */
export interface ResponseBody {
  /** All of it. Rejects with what broke it. */
  text(): Promise<string>;
  /** What has come since the last read, at least one byte; undefined at its end. Rejects with what broke it. */
  read(): Promise<Buffer | undefined>;
  /** Reads its rest for nobody, so that the connection can be used again; one that takes longer is discarded. */
  drain(withinMs: number): void;
  /** Closes the connection, where the body is not whole. */
  discard(): void;
}

/** A body as its connection sees it, which tells it what has come. */
export interface IncomingBody extends ResponseBody {
  data(bytes: Buffer): void;
  end(): void;
  broke(error: unknown): void;
}

/** What a body asks of its connection: undici's controller fits. */
export interface BodyConnection {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** A reader that is this far behind stops the connection. */
const mostWaitingBytes = 64 * 1024;

class UnstreamedBody implements IncomingBody {
  readonly #connection: BodyConnection;
  /** What nobody has read yet; made with its first member, as an array that grows begins with room for sixteen. */
  #waiting: Buffer[] | undefined;
  #waitingBytes = 0;
  #paused = false;
  #state: "open" | "ended" | "broken" = "open";
  #fault: unknown;
  #wanted = true;
  #whole = false;
  #reader: PromiseWithResolvers<void> | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(connection: BodyConnection) {
    this.#connection = connection;
  }

  data(bytes: Buffer): void {
    if (!this.#wanted) return;
    if (this.#waiting === undefined) this.#waiting = [bytes];
    else this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#whole) return;
    if (this.#waitingBytes > mostWaitingBytes) {
      this.#paused = true;
      this.#connection.pause();
    }
    this.#takeReader()?.resolve();
  }

  end(): void {
    this.#state = "ended";
    this.#takeReader()?.resolve();
  }

  broke(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "broken";
    this.#fault = error;
    this.#takeReader()?.reject(error);
  }

  async text(): Promise<string> {
    this.#whole = true;
    this.#goOn();
    if (this.#state === "open") await this.#news();
    if (this.#state === "broken") throw this.#fault;
    return this.#take().toString("utf8");
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#waiting === undefined && this.#state === "open") await this.#news();
    if (this.#waiting !== undefined) return this.#take();
    if (this.#state === "broken") throw this.#fault;
    return undefined;
  }

  drain(withinMs: number): void {
    this.#wanted = false;
    this.#waiting = undefined;
    if (this.#state !== "open") return;
    this.#late = setTimeout(() => this.discard(), withinMs);
    this.#goOn();
  }

  discard(): void {
    this.#wanted = false;
    this.#waiting = undefined;
    if (this.#state === "open") this.#connection.abort(new errors.RequestAbortedError());
  }

  #news(): Promise<void> {
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** Whoever waits for news, to be told once. */
  #takeReader(): PromiseWithResolvers<void> | undefined {
    clearTimeout(this.#late);
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }

  #take(): Buffer {
    const waiting = this.#waiting ?? [];
    const [first] = waiting;
    const bytes = waiting.length === 1 && first !== undefined ? first : Buffer.concat(waiting);
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    this.#goOn();
    return bytes;
  }

  #goOn(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.resume();
  }
}

/**
 * A body that is read as it comes, without a stream around it: for a short answer Node's streams cost more than all of
 * its parsing.
 */
export function createResponseBody(connection: BodyConnection): IncomingBody {
  return new UnstreamedBody(connection);
}
