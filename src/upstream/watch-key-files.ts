import { AsyncLocalStorage } from "node:async_hooks";
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { SetTimer } from "./key-file-reader.ts";

export interface KeyFileWatchOptions {
  readonly setTimer: SetTimer;
  /** Reads the files. False: they hold something that may be half written, and are worth another look soon. */
  readonly look: () => Promise<boolean>;
  /** Tells of changes in a folder, where the system does. Returns how to stop. */
  readonly watchFolder?:
    | ((folder: string, onChange: (name: string | null) => void) => () => void)
    | undefined;
}

/** Looks at key files from time to time, and soon after the system tells of a change. */
export interface KeyFileWatch {
  /** @param paths absolute; none: there is nothing to look at */
  readonly follow: (paths: readonly string[]) => void;
  readonly close: () => void;
}

/**
 * The system does not tell of everything: not on mounts of other machines, nor where a link further up is swapped, nor
 * once it has no watches left.
 */
export const pollMs = 2_000;
/** Whoever writes in place empties the file first: what is read then has to stay for so long to be believed. */
export const settleMs = 100;

export function createKeyFileWatch(options: KeyFileWatchOptions): KeyFileWatch {
  const { setTimer, look, watchFolder = watchFolderBySystem } = options;
  // Whoever has it follow other files may be a call, which is no business of what is seen later.
  const outsideCalls = AsyncLocalStorage.snapshot();
  const folders = new Map<string, () => void>();
  let names: ReadonlySet<string> = new Set();
  let timer: ReturnType<SetTimer> | undefined;
  let looking = false;
  let hurried = false;
  let closed = false;

  const arm = (ms: number): void => {
    timer?.cancel();
    timer = outsideCalls(() => setTimer(() => void run(), ms));
  };

  const run = async (): Promise<void> => {
    timer = undefined;
    hurried = false;
    looking = true;
    let settled = true;
    try {
      settled = await look();
    } finally {
      looking = false;
      if (folders.size > 0) arm(hurried || !settled ? settleMs : pollMs);
    }
  };

  const notice = (name: string | null): void => {
    // Kubernetes swaps the link `..data` beside the links that are the files.
    if (hurried || (name !== null && !names.has(name) && !name.startsWith(".."))) return;
    hurried = true;
    if (!looking) arm(settleMs);
  };

  const follow = (paths: readonly string[]): void => {
    names = new Set(paths.map((path) => basename(path)));
    const wanted = new Set(paths.map((path) => dirname(path)));
    for (const [folder, stop] of folders) {
      if (wanted.has(folder)) continue;
      stop();
      folders.delete(folder);
    }
    for (const folder of wanted) {
      if (folders.has(folder)) continue;
      const stop = outsideCalls(() => watchFolder(folder, notice));
      folders.set(folder, stop);
    }
    if (folders.size === 0) {
      timer?.cancel();
      timer = undefined;
    } else if (timer === undefined && !looking) {
      // What changed since the files were first read, nobody told.
      arm(settleMs);
    }
  };

  return {
    follow: (paths) => {
      if (!closed) follow(paths);
    },
    close: () => {
      closed = true;
      follow([]);
    },
  };
}

function watchFolderBySystem(folder: string, onChange: (name: string | null) => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => onChange(name));
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    // No such folder yet, or no watches left: the polling finds what changes.
    return () => undefined;
  }
}
