import { Socket } from "node:net";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** The channel to the process that started this one as a worker. */
export interface ParentChannel {
  /** What cannot be sent any more is lost. @param then called once it is on its way, or lost */
  readonly send: (message: FromWorker, then?: () => void) => void;
  /** Once. Messages that came before are told then. */
  readonly listen: (
    onMessage: (message: ToWorker, socket: Socket | undefined) => void,
    onGone: () => void,
  ) => void;
  /** It keeps this process alive until then. */
  readonly close: () => void;
}

/** Undefined where nobody started this process as a worker. */
export function parentChannel(): ParentChannel | undefined {
  const send = process.send?.bind(process);
  if (send === undefined) return undefined;
  return {
    send: (message, then = ignore) => {
      if (process.connected) send(message, undefined, undefined, () => then());
      else then();
    },
    listen: (onMessage, onGone) => {
      // Both ends of the channel are ours.
      process.on("message", (message, handle) =>
        onMessage(message as ToWorker, handle instanceof Socket ? handle : undefined),
      );
      process.once("disconnect", onGone);
      if (!process.connected) onGone();
    },
    close: () => {
      if (process.connected) process.disconnect?.();
    },
  };
}

/** Where it is lost the primary is gone, which `onGone` tells. */
function ignore(): void {}
