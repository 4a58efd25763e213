import { type SideProcess, startSideProcess } from "./side-process.ts";

/** A program of the bench that listens on a port of its own choice. */
export interface ListeningProgram extends SideProcess {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
}

/** Starts one that prints `listening PORT`. @param file its path in this folder */
export async function startListeningProgram(
  file: string,
  words: readonly string[],
  options: { readonly core: number | undefined; readonly folder: string },
): Promise<ListeningProgram> {
  const running = await startSideProcess({
    ...options,
    name: file.replaceAll(/\W+/g, "-"),
    command: [process.execPath, `bench/${file}`, ...words],
    isReady: (output) => /^listening \d+$/m.test(output),
  });
  const port = /^listening (\d+)$/m.exec(running.output())?.[1];
  return { ...running, origin: `http://127.0.0.1:${port}` };
}
