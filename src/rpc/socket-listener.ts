import type { Socket } from "node:net";
import type { ListenAddress } from "../config/config.ts";
import { openOwnPort, type OpenPort, type Port } from "./open-port.ts";

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

/** Takes connections and hands each to `serve`. */
export function createSocketListener(
  serve: (socket: Socket) => void,
  openPort: OpenPort = openOwnPort,
): SocketListener {
  const sockets = new Set<Socket>();
  const emptied = new Set<() => void>();
  let port: Port | undefined;

  const take = (socket: Socket): void => {
    sockets.add(socket);
    // Whoever serves it listens too; this one is for the moments when nobody does.
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const wake of emptied) wake();
    });
    serve(socket);
  };

  return {
    listen: async (address) => {
      port = await openPort(address, take);
      return port.address;
    },
    stopAccepting: () => port?.close(),
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
