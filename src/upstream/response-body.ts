import { errors } from "undici";

/** The body of a response, still on its way. One reader: either `text`, or `read` again and again. */
export interface ResponseBody {
  /** All of it. Rejects with what broke it. */
  readonly text: () => Promise<string>;
  /** What has come since the last read, at least one byte; undefined at its end. Rejects with what broke it. */
  readonly read: () => Promise<Buffer | undefined>;
  /** Reads its rest for nobody, so that the connection can be used again; one that takes longer is discarded. */
  readonly drain: (withinMs: number) => void;
  /** Closes the connection, where the body is not whole. */
  readonly discard: () => void;
}

/** What the connection tells of the body. */
export interface ResponseBodyFeed {
  readonly body: ResponseBody;
  readonly data: (bytes: Buffer) => void;
  readonly end: () => void;
  readonly broke: (error: unknown) => void;
}

/** What a body asks of its connection: undici's controller fits. */
export interface BodyConnection {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

interface Waiter {
  readonly wake: () => void;
  readonly fail: (error: unknown) => void;
}

/** A reader that is this far behind stops the connection. */
const mostWaitingBytes = 64 * 1024;

/**
 * A body that is read as it comes, without a stream around it: for a short answer Node's streams cost more than all of
 * its parsing.
 */
export function createResponseBody(connection: BodyConnection): ResponseBodyFeed {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let paused = false;
  let state: "open" | "ended" | "broken" = "open";
  let fault: unknown;
  let wanted = true;
  let whole = false;
  let waiter: Waiter | undefined;
  let late: NodeJS.Timeout | undefined;

  const settle = (then: (waiter: Waiter) => void): void => {
    clearTimeout(late);
    const woken = waiter;
    waiter = undefined;
    if (woken !== undefined) then(woken);
  };

  const goOn = (): void => {
    if (!paused) return;
    paused = false;
    connection.resume();
  };

  const take = (): Buffer => {
    const [first] = waiting;
    const bytes = waiting.length === 1 && first !== undefined ? first : Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    goOn();
    return bytes;
  };

  const news = (): Promise<void> =>
    new Promise((resolve, reject) => {
      waiter = { wake: resolve, fail: reject };
    });

  const discard = (): void => {
    wanted = false;
    waiting = [];
    if (state === "open") connection.abort(new errors.RequestAbortedError());
  };

  return {
    data: (bytes) => {
      if (!wanted) return;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (whole) return;
      if (waitingBytes > mostWaitingBytes) {
        paused = true;
        connection.pause();
      }
      settle(({ wake }) => wake());
    },
    end: () => {
      state = "ended";
      settle(({ wake }) => wake());
    },
    broke: (error) => {
      if (state !== "open") return;
      state = "broken";
      fault = error;
      settle(({ fail }) => fail(error));
    },
    body: {
      text: async () => {
        whole = true;
        goOn();
        if (state === "open") await news();
        if (state === "broken") throw fault;
        return take().toString("utf8");
      },
      read: async () => {
        if (waiting.length === 0 && state === "open") await news();
        if (waiting.length > 0) return take();
        if (state === "broken") throw fault;
        return undefined;
      },
      drain: (withinMs) => {
        wanted = false;
        waiting = [];
        if (state !== "open") return;
        late = setTimeout(discard, withinMs);
        goOn();
      },
      discard,
    },
  };
}
