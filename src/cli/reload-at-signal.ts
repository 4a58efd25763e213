import type { CliContext } from "./cli-context.ts";

/** A gateway, or the process that stands for all its workers. */
interface Reloading {
  readonly reload: () => void | Promise<void>;
}

/** SIGHUP, while a process serves. */
export interface ReloadSignal {
  /** The gateway that stands now; a signal that came while it started is heeded then. */
  readonly serve: (gateway: Reloading) => void;
  /** Listens no more. */
  readonly off: () => void;
}

/** Has the gateway read its keys and its configuration again at each SIGHUP, which from now on ends nothing. */
export function reloadAtSignal(context: Pick<CliContext, "onHangUp">): ReloadSignal {
  let reload: Reloading["reload"] | undefined;
  let early = false;
  const off = context.onHangUp(() => {
    if (reload === undefined) early = true;
    else void reload();
  });
  return {
    serve: (gateway) => {
      ({ reload } = gateway);
      if (early) void reload();
    },
    off,
  };
}
