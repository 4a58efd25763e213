import { createServer, type AddressInfo, type Socket } from "node:net";
import type { ListenAddress } from "../config/config.ts";

/** A TCP port with every connection it took. */
export interface SocketListener {
  /** Rejects where the port cannot be had. @returns `host:port` as bound */
  readonly listen: (address: ListenAddress) => Promise<string>;
  /** No further connections; those that are open stay. */
  readonly stopAccepting: () => void;
  /** Resolves true once no connection is open, false once `ms` have passed. */
  readonly empty: (ms: number) => Promise<boolean>;
  readonly destroyAll: () => void;
}

// A peer that vanished without a word is noticed by TCP's own probes.
const keepAliveMs = 60_000;

/** Takes connections and hands each to `serve`. */
export function createSocketListener(serve: (socket: Socket) => void): SocketListener {
  const sockets = new Set<Socket>();
  const emptied = new Set<() => void>();
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
    (socket) => {
      sockets.add(socket);
      // Whoever serves it listens too; this one is for the moments when nobody does.
      socket.on("error", () => socket.destroy());
      socket.once("close", () => {
        sockets.delete(socket);
        if (sockets.size === 0) for (const wake of emptied) wake();
      });
      serve(socket);
    },
  );
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port }, () => {
          server.off("error", reject);
          // An accept that fails (no file descriptors left) must not end the process.
          server.on("error", () => undefined);
          resolve(formatAddress(server.address() as AddressInfo));
        });
      }),
    stopAccepting() {
      if (server.listening) server.close();
    },
    empty(ms) {
      if (sockets.size === 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        const done = (result: boolean): void => {
          clearTimeout(timer);
          emptied.delete(wake);
          resolve(result);
        };
        const wake = (): void => done(true);
        const timer = setTimeout(() => done(false), ms);
        emptied.add(wake);
      });
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function formatAddress({ address, family, port }: AddressInfo): string {
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}
