import type { Config, ListenAddress } from "./config.ts";
import type { ConfigPath, Finding } from "./config-path.ts";
import { defaultListen } from "./defaults.ts";
import { type Environment, listenVariables, settingOf } from "./environment.ts";
import {
  addressesCollide,
  formatListenAddress,
  isLoopbackHost,
  parseListenAddress,
} from "./listen-address.ts";
import { valueAt } from "./raw-value.ts";

export type ListenerName = keyof Config["listen"];

/** In the order in which they are shown. */
export const listenerNames: readonly ListenerName[] = ["connect", "grpc", "operator"];

interface Listener {
  readonly name: ListenerName;
  /** Undefined: off, or malformed. */
  readonly address: ListenAddress | undefined;
  readonly findings: readonly Finding[];
  /** Where the address was written, or would be. */
  readonly found: (message: string) => Finding;
}

/** The addresses of the three listeners: the environment's, else the file's, else the defaults. */
export function listenersOf(
  value: unknown,
  env: Environment,
): { readonly listen: Config["listen"]; readonly findings: readonly Finding[] } {
  const listeners = listenerNames.map((name) => listenerOf(name, valueAt(value, ["listen", name]), env));
  const findings = listeners.flatMap((listener) => listener.findings);
  const addressOf = (name: ListenerName): ListenAddress | undefined =>
    listeners.find((listener) => listener.name === name)?.address;

  const [first] = listeners;
  if (findings.length === 0 && first && listeners.every(({ address }) => address === undefined)) {
    findings.push(first.found("every listener is off, so that nothing could be called; turn one on"));
  }
  return {
    listen: { connect: addressOf("connect"), grpc: addressOf("grpc"), operator: addressOf("operator") },
    findings: [...findings, ...collisions(listeners), ...exposedOperator(listeners, value)],
  };
}

function listenerOf(name: ListenerName, written: unknown, env: Environment): Listener {
  const variable = listenVariables[name];
  const overridden = settingOf(env, variable);
  const inFile = (message: string): Finding => ({ at: ["listen", name], message });
  const inVariable = (message: string): Finding => ({ variable, message });
  // The file's address is judged even where the environment overrides it: it is a mistake that waits.
  const fromFile = typeof written === "string" ? parseListenAddress(written) : undefined;
  const fromEnv = overridden === undefined ? undefined : parseListenAddress(overridden);
  const chosen = fromEnv ?? fromFile ?? { kind: "address", address: defaultListen[name] };
  return {
    name,
    address: chosen.kind === "address" ? chosen.address : undefined,
    findings: [
      ...(fromFile?.kind === "malformed" ? [inFile(fromFile.message)] : []),
      ...(fromEnv?.kind === "malformed" ? [inVariable(fromEnv.message)] : []),
    ],
    found: fromEnv === undefined ? inFile : inVariable,
  };
}

function collisions(listeners: readonly Listener[]): readonly Finding[] {
  return listeners.flatMap(({ address, found }, index) => {
    const other = listeners
      .slice(0, index)
      .find((earlier) => earlier.address && address && addressesCollide(earlier.address, address));
    if (address === undefined || other === undefined) return [];
    const message = `is ${formatListenAddress(address)}, a port that the listener ${other.name} has too; choose another`;
    return [found(message)];
  });
}

/** The operator listener can open breakers and read every decision: open to a network it needs a token. */
function exposedOperator(listeners: readonly Listener[], value: unknown): readonly Finding[] {
  const tokenEnv: ConfigPath = ["operator", "tokenEnv"];
  if (valueAt(value, tokenEnv) !== undefined) return [];
  return listeners.flatMap(({ name, address, found }) =>
    name === "operator" && address !== undefined && !isLoopbackHost(address.host)
      ? [
          found(
            `is ${formatListenAddress(address)}, which others can reach; without operator.tokenEnv only loopback ` +
              "is allowed: use 127.0.0.1, or name the variable that holds the operators' token",
          ),
        ]
      : [],
  );
}
