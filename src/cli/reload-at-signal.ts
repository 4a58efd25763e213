import type { Gateway } from "../gateway.ts";
import type { CliContext } from "./cli-context.ts";

/** SIGHUP, while a process serves. */
export interface ReloadSignal {
  /** The gateway that stands now; a signal that came while it started is heeded then. */
  readonly serve: (gateway: Pick<Gateway, "reload">) => void;
  /** Listens no more. */
  readonly off: () => void;
}

/** Has the gateway read its keys and its configuration again at each SIGHUP, which from now on ends nothing. */
export function reloadAtSignal(context: Pick<CliContext, "onHangUp">): ReloadSignal {
  let reload: (() => Promise<void>) | undefined;
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
