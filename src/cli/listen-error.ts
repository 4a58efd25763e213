import type { Config, ListenAddress } from "../config/config.ts";
import { listenVariables } from "../config/environment.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import { listenerNames } from "../config/listeners.ts";

const causes: ReadonlyMap<unknown, string> = new Map([
  ["EADDRINUSE", "another program listens there"],
  ["EACCES", "this user may not listen there"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["ENOTFOUND", "the host name is not known"],
  ["EAI_AGAIN", "the host name cannot be resolved now"],
  ["EAFNOSUPPORT", "this machine does not speak that address family"],
]);

/** Why a port cannot be listened on; undefined for an error that is about something else. */
export function listenErrorCause(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? causes.get(error.code) : undefined;
}

/**
 * A start that failed for an address: names the listener, the address and what to change. Undefined where the
 * error is about something else.
 */
export function formatListenError(error: unknown, listen: Config["listen"]): string | undefined {
  const cause = listenErrorCause(error);
  if (cause === undefined) return undefined;
  const failed = listenerNames.filter((name) => isAddressOf(error, listen[name]));
  // An error that names no address we know: say what all of them are.
  const names = failed.length > 0 ? failed : listenerNames;
  const places = names.flatMap((name) => {
    const address = listen[name];
    return address === undefined ? [] : [`the ${name} listener at ${formatListenAddress(address)}`];
  });
  const variables = names.map((name) => `${listenVariables[name]}=host:port`);
  return (
    `error: cannot open ${places.join(" or ")}: ${cause}\n` +
    `  do: stop the other program, or choose another address with ${variables.join(" or ")} ` +
    `or \`listen\` in switchyard.yaml`
  );
}

function isAddressOf(error: unknown, address: ListenAddress | undefined): boolean {
  if (address === undefined || !(error instanceof Error)) return false;
  if ("port" in error && typeof error.port === "number") return error.port === address.port;
  return error.message.includes(formatListenAddress(address));
}
