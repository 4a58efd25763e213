import type { Socket } from "node:net";
import type { Config } from "../config/config.ts";
import { openOwnPort, type Port } from "../rpc/open-port.ts";
import type { ListenerName } from "../config/listeners.ts";

/** The ports that workers share, open as long as this process lives. */
export interface SharedPorts {
  /** `host:port` as bound, by listener; undefined for one that is off. */
  readonly addresses: Readonly<Record<ListenerName, string | undefined>>;
  /** Those that are open, in the order in which they are told. */
  readonly names: readonly ListenerName[];
  readonly close: (listener: ListenerName) => void;
  readonly closeAll: () => void;
}

/** Opens them all, or rejects, and then none is left open. @param give takes each connection, unread */
export async function openSharedPorts(
  listen: Config["listen"],
  give: (listener: ListenerName, socket: Socket) => void,
): Promise<SharedPorts> {
  const ports = new Map<ListenerName, Port>();
  const closeAll = (): void => {
    for (const port of ports.values()) port.close();
  };
  const open = async (name: ListenerName): Promise<string | undefined> => {
    const address = listen[name];
    if (address === undefined) return undefined;
    const take = (socket: Socket): void => {
      socket.on("error", () => socket.destroy());
      give(name, socket);
    };
    const port = await openOwnPort(address, take, { unread: true });
    ports.set(name, port);
    return port.address;
  };
  try {
    const addresses = {
      connect: await open("connect"),
      grpc: await open("grpc"),
      operator: await open("operator"),
    };
    return { addresses, names: [...ports.keys()], close: (name) => ports.get(name)?.close(), closeAll };
  } catch (error) {
    closeAll();
    throw error;
  }
}
