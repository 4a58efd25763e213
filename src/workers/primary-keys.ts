import { setProcessTimer } from "../attempt/timer.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load-config.ts";
import { packConfig, packKey, type PackedConfig } from "../config/packed-config.ts";
import { createKeyEvents } from "../telemetry/key-events.ts";
import type { Log } from "../telemetry/log.ts";
import { createKeyRotation } from "../upstream/key-rotation.ts";
import type { KeyAnswer, KeyRequest } from "./key-request.ts";
import type { PeerFact } from "./peer-fact.ts";

export interface PrimaryKeysOptions {
  readonly config: Config;
  readonly env: Environment;
  readonly cwd: string;
  readonly log: Log;
  /** To all workers, before anything that is sent to one of them later. */
  readonly tell: (fact: PeerFact) => void;
}

/** Reads keys and configuration for all workers, so that none can have read another. */
export interface PrimaryKeys {
  /** For a worker that starts now. */
  readonly packed: () => PackedConfig;
  /** At SIGHUP. */
  readonly reload: () => void;
  /** What an operator asked of a worker; by its answer all workers have been told. */
  readonly answer: (request: KeyRequest) => Promise<KeyAnswer>;
  readonly close: () => void;
}

export function createPrimaryKeys({ config, env, cwd, log, tell }: PrimaryKeysOptions): PrimaryKeys {
  const keys = createKeyRotation({
    config,
    env,
    cwd,
    upstreams: new Map(
      [...config.upstreams.keys()].map((upstream) => [
        upstream,
        { replaceKeys: (keys) => tell({ kind: "keys", upstream, keys: keys.map(packKey) }) },
      ]),
    ),
    readConfig: (keyText) => loadConfig({ env, cwd, keyText }).result,
    setTimer: setProcessTimer,
    events: createKeyEvents(log),
  });
  return {
    // Decisions are shown with the revision that the gateway started with, whichever worker makes them.
    packed: () => packConfig({ ...keys.served(), revision: config.revision }),
    reload: () => void keys.reload("signal"),
    answer: (request) => {
      switch (request.kind) {
        case "rotate":
          return keys.rotate(request.upstream, request.keyId);
        case "reload":
          return keys.reload("operator");
        case "compare":
          return keys.compare();
      }
    },
    close: keys.close,
  };
}
