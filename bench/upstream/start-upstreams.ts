import { startListeningProgram } from "../listening-program.ts";
import { startSideProcess } from "../side-process.ts";
import { findProgram, freePort, isAnswering } from "../surroundings.ts";
import { writeNginxConfig } from "./nginx-config.ts";

/** What the bench calls instead of models. */
export interface Upstreams {
  /** Which program gives the answers that need no pace: nginx, or the one of Node where there is no nginx. */
  readonly program: "nginx" | "node";
  /** Origins; the paths are those of `node-upstream.ts`. */
  readonly fixed: string;
  readonly paced: string;
  readonly stop: () => Promise<void>;
}

/** Starts them on the side core. @param folder for their files */
export async function startUpstreams(core: number | undefined, folder: string): Promise<Upstreams> {
  const paced = await startListeningProgram("upstream/node-upstream.ts", [], { core, folder });
  const nginx = findProgram("nginx");
  if (nginx === undefined)
    return { program: "node", fixed: paced.origin, paced: paced.origin, stop: paced.stop };
  const port = await freePort();
  const fixed = `http://127.0.0.1:${port}`;
  const command = [nginx, "-c", writeNginxConfig(folder, port), "-p", folder];
  const server = await startSideProcess({
    name: "nginx",
    command,
    core,
    folder,
    isReady: () => isAnswering(`${fixed}/unary/`),
  });
  return {
    program: "nginx",
    fixed,
    paced: paced.origin,
    stop: async () => {
      await server.stop();
      await paced.stop();
    },
  };
}
