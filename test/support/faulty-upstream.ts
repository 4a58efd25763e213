import { createServer as createTcpServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer as createTlsServer } from "node:tls";
import { createRequestReader, type RawRequest } from "./http-request-reader.ts";
import type { TestCertificate } from "./test-certificate.ts";

/** A request that arrived, and when. */
export interface RecordedRequest extends RawRequest {
  /** From 0, over all connections, in order of arrival. */
  readonly index: number;
  /** Which connection it came on, from 0. */
  readonly connection: number;
  /** How many requests that connection carried before it. */
  readonly earlierOnConnection: number;
  /** `performance.now()` at its last byte. */
  readonly atMs: number;
  /** The body as JSON; an empty object where it is none. */
  readonly json: () => Readonly<Record<string, unknown>>;
}

/** That the client left a request whose answer had not ended. */
export interface Abort {
  /** Index of the request. */
  readonly request: number;
  /** `performance.now()` */
  readonly atMs: number;
}

/** One request being answered, down at the bytes. */
export interface Exchange {
  readonly request: RecordedRequest;
  /** Aborted when the client leaves, the connection ends, or the upstream closes. */
  readonly gone: AbortSignal;
  /** Resolves once the bytes were handed on; false where nobody is there any more. */
  readonly write: (bytes: string | Uint8Array) => Promise<boolean>;
  /** Ends early when the client leaves. */
  readonly pause: (ms: number) => Promise<void>;
  /** Answers nothing more until the client leaves. */
  readonly hang: () => Promise<void>;
  /** Ends the connection in order (FIN). */
  readonly finish: () => void;
  /** Breaks the connection (RST). */
  readonly reset: () => void;
}

/** One way to answer, well or badly. The answer has ended when `answer` resolves. */
export interface Behaviour {
  /** As a test tells it: "resets before headers". */
  readonly name: string;
  readonly answer: (exchange: Exchange) => Promise<void>;
}

/** Decides how the request is answered. @param index of the request, from 0 */
export type Script = (index: number, request: RecordedRequest) => Behaviour;

export interface FaultyUpstreamOptions {
  /** Speaks TLS with it. */
  readonly certificate?: TestCertificate;
  /** What becomes of a connection before its first byte is read; `serve` where left out. */
  readonly onConnection?: (connection: number) => "serve" | "reset" | "finish" | "ignore";
  /** Where left out, a free one. For an upstream that comes back where another went away. */
  readonly port?: number;
}

/** An upstream that does what a script says. */
export interface FaultyUpstream {
  /** Such as `http://127.0.0.1:4010/v1`. */
  readonly baseUrl: string;
  readonly port: number;
  /** In order of arrival; grows. */
  readonly requests: readonly RecordedRequest[];
  readonly aborts: readonly Abort[];
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Connections open now. */
  readonly openConnections: () => number;
  /** Takes another script from the next request on. */
  readonly become: (script: Script) => void;
  /** Resolves once so many requests have arrived in all. */
  readonly received: (count: number) => Promise<void>;
  /** Resolves once the client has left that request. */
  readonly aborted: (request: number) => Promise<Abort>;
  readonly close: () => Promise<void>;
}

/** Starts an upstream on loopback whose every answer the script decides, byte by byte. */
export async function startFaultyUpstream(
  script: Script,
  options: FaultyUpstreamOptions = {},
): Promise<FaultyUpstream> {
  const requests: RecordedRequest[] = [];
  const aborts: Abort[] = [];
  const sockets = new Set<Socket>();
  /** Below TLS, by the client's port: only they can be reset. */
  const plainSockets = new Map<number | undefined, Socket>();
  const plainSocket = (socket: Socket): Socket => plainSockets.get(socket.remotePort) ?? socket;
  const watchers = new Set<() => void>();
  const failures: unknown[] = [];
  let current = script;
  let connections = 0;

  const changed = () => {
    for (const watch of watchers) watch();
  };

  /** Resolves once `read` gives something. */
  function until<Value>(read: () => Value | undefined): Promise<Value> {
    return new Promise((resolve) => {
      const watch = () => {
        const value = read();
        if (value === undefined) return;
        watchers.delete(watch);
        resolve(value);
      };
      watchers.add(watch);
      watch();
    });
  }

  function serve(socket: Socket): void {
    const connection = connections;
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    switch (options.onConnection?.(connection)) {
      case "reset":
        socket.resetAndDestroy();
        return;
      case "finish":
        socket.end();
        return;
      case "ignore":
        return;
      case "serve":
      case undefined:
    }
    const reader = createRequestReader();
    let earlier = 0;
    let busy = false;
    let endedByUs = false;
    let running: AbortController | undefined;

    const end = (how: () => void) => {
      endedByUs = true;
      how();
    };

    const leave = () => {
      running?.abort();
      socket.destroy();
    };
    // A client that leaves sends FIN, or RST where bytes were still under way to it.
    socket.on("end", leave);
    socket.on("close", leave);
    socket.on("data", (bytes: Buffer) => {
      reader.push(bytes);
      void next();
    });

    async function next(): Promise<void> {
      if (busy) return;
      busy = true;
      for (let raw = reader.take(); raw !== undefined; raw = reader.take()) await answer(raw);
      busy = false;
    }

    async function answer(raw: RawRequest): Promise<void> {
      const request: RecordedRequest = {
        ...raw,
        index: requests.length,
        connection,
        earlierOnConnection: earlier,
        atMs: performance.now(),
        json: () => parseObject(raw.body),
      };
      earlier += 1;
      requests.push(request);
      const controller = new AbortController();
      running = controller;
      let answered = false;
      controller.signal.addEventListener("abort", () => {
        if (!answered && !endedByUs) aborts.push({ request: request.index, atMs: performance.now() });
        changed();
      });
      changed();
      try {
        await current(request.index, request).answer({
          request,
          gone: controller.signal,
          write: (bytes) => write(socket, bytes),
          pause: (ms) => sleep(ms, undefined, { signal: controller.signal }).catch(() => undefined),
          hang: () => hang(controller.signal),
          finish: () => end(() => socket.end()),
          reset: () => end(() => plainSocket(socket).resetAndDestroy()),
        });
      } catch (error) {
        // A script that throws is a fault of the test: close() tells.
        failures.push(error);
        end(() => socket.destroy());
      }
      answered = true;
      changed();
    }
  }

  const { certificate } = options;
  const server =
    certificate === undefined
      ? createTcpServer({ allowHalfOpen: true }, serve)
      : createTlsServer({ ...certificate, allowHalfOpen: true }, serve);
  if (certificate !== undefined) server.on("tlsClientError", () => undefined);
  // Counts what never becomes a TLS session, too.
  if (certificate !== undefined) {
    server.on("connection", (socket: Socket) => {
      const { remotePort } = socket;
      sockets.add(socket);
      plainSockets.set(remotePort, socket);
      socket.on("close", () => {
        sockets.delete(socket);
        plainSockets.delete(remotePort);
      });
      socket.on("error", () => undefined);
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  return {
    baseUrl: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}/v1`,
    port,
    requests,
    aborts,
    connections: () => connections,
    openConnections: () => sockets.size,
    become: (script) => {
      current = script;
    },
    received: (count) => until(() => (requests.length >= count ? true : undefined)).then(() => undefined),
    aborted: (request) => until(() => aborts.find((abort) => abort.request === request)),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      if (failures.length > 0) throw new AggregateError(failures, "a script of a faulty upstream threw");
    },
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function write(socket: Socket, bytes: string | Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return Promise.resolve(false);
  return new Promise((resolve) => {
    socket.write(bytes, (error) => resolve(error === undefined || error === null));
  });
}

function hang(gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    gone.addEventListener("abort", () => resolve(), { once: true });
  });
}
