import { type KeyFile, readKeyFile } from "../config/key-file.ts";

/** Timers of a monotonic clock; tests bring their own. */
export type SetTimer = (run: () => void, ms: number) => { readonly cancel: () => void };

/** A local file takes microseconds; a mount whose server is away takes for ever. */
export const readLimitMs = 2_000;

const late: KeyFile = { kind: "unreadable", error: new Error("the file did not come in time") };

/**
 * Reads key files within {@link readLimitMs}. One that hangs holds one of the few threads that Node reads files with,
 * and not one more each time somebody looks: whoever asks again waits for the same read.
 */
export function createKeyFileReader(
  setTimer: SetTimer,
  read: (path: string) => Promise<KeyFile> = readKeyFile,
): (path: string) => Promise<KeyFile> {
  const underWay = new Map<string, Promise<KeyFile>>();

  const start = (path: string): Promise<KeyFile> => {
    const reading = read(path).finally(() => underWay.delete(path));
    underWay.set(path, reading);
    return reading;
  };

  return async (path) => {
    const timeOut = Promise.withResolvers<KeyFile>();
    const timer = setTimer(() => timeOut.resolve(late), readLimitMs);
    try {
      return await Promise.race([underWay.get(path) ?? start(path), timeOut.promise]);
    } finally {
      timer.cancel();
    }
  };
}
