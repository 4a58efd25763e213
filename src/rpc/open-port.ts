import { type AddressInfo, createServer, type Socket } from "node:net";
import type { ListenAddress } from "../config/config.ts";

/** An address whose connections are ours. */
export interface Port {
  /** `host:port` as bound. */
  readonly address: string;
  /** No further connections; those that were taken stay. */
  readonly close: () => void;
}

/** Opens a port and hands each of its connections to `serve`. Rejects where the address cannot be had. */
export type OpenPort = (address: ListenAddress, serve: (socket: Socket) => void) => Promise<Port>;

// A peer that vanished without a word is noticed by TCP's own probes.
const keepAliveMs = 60_000;

/** Opens a port of this process. @param options.unread its connections are not read from: another process will */
export function openOwnPort(
  { host, port }: ListenAddress,
  serve: (socket: Socket) => void,
  options: { readonly unread: boolean } = { unread: false },
): Promise<Port> {
  const server = createServer(
    {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      pauseOnConnect: options.unread,
    },
    serve,
  );
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      // An accept that fails (no file descriptors left) must not end the process.
      server.on("error", () => undefined);
      resolve({
        address: formatAddress(server.address() as AddressInfo),
        close: () => {
          if (server.listening) server.close();
        },
      });
    });
  });
}

function formatAddress({ address, family, port }: AddressInfo): string {
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}
