import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A bare TCP client that keeps what it receives. */
export interface RawSocket {
  readonly socket: Socket;
  readonly received: () => Buffer;
  readonly text: () => string;
  readonly closed: Promise<void>;
}

export async function openSocket(address: string): Promise<RawSocket> {
  const at = address.lastIndexOf(":");
  const socket = connect({
    host: address.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(address.slice(at + 1)),
  });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.setNoDelay(true);
  return {
    socket,
    received: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString("latin1"),
    closed,
  };
}

/** Writes the bytes in pieces of this size, each as a packet of its own. */
export async function drip(socket: Socket, bytes: Uint8Array, size: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size));
    await sleep(1);
  }
}
