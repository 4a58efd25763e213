import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A collector that is of no use. */
export interface DeadCollector {
  readonly endpoint: string;
  /** Connections that it saw. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** Nobody listens. */
export async function refusingCollector(): Promise<DeadCollector> {
  const server = createServer();
  const port = await listen(server);
  await closed(server);
  return { endpoint: `http://127.0.0.1:${port}`, connections: () => 0, close: async () => {} };
}

/** Takes the connection and says nothing, ever. */
export async function hangingCollector(): Promise<DeadCollector> {
  return collector(createServer(() => {}));
}

/** Answers every request with this status and no body. */
export async function failingCollector(status: number): Promise<DeadCollector> {
  return collector(
    createHttpServer((request, response) => {
      request.resume();
      response.writeHead(status).end();
    }),
  );
}

async function collector(server: Server | HttpServer): Promise<DeadCollector> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await listen(server);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // A TCP server's address is never a pipe's path.
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
