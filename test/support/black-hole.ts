import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A port that takes no connection and refuses none: what comes is dropped. */
export interface BlackHole {
  readonly port: number;
  readonly close: () => Promise<void>;
}

// Node accepts by itself whatever a listening socket queues; Python leaves it there.
const program = `
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
`;

/** Its queue is full, so the system drops every further SYN. */
export async function startBlackHole(): Promise<BlackHole> {
  const child = spawn("python3", ["-c", program], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  const fillers: Socket[] = [];
  // The first ones are queued; from the one that is not, the hole is black.
  for (;;) {
    const filler = connect({ host: "127.0.0.1", port });
    filler.on("error", () => undefined);
    fillers.push(filler);
    const queued = await Promise.race([
      once(filler, "connect").then(() => true),
      new Promise<false>((resolve) => {
        setTimeout(() => resolve(false), 300);
      }),
    ]);
    if (!queued || fillers.length > 64) break;
  }
  return {
    port,
    close: async () => {
      for (const filler of fillers) filler.destroy();
      child.stdin.end();
      await once(child, "close");
    },
  };
}
