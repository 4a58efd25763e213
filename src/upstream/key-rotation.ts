import { configDifferences } from "../config/config-differences.ts";
import type { Config, ConfigProblem, ConfigResult } from "../config/config.ts";
import { type KeyChanges, keyChanges } from "../config/key-changes.ts";
import type { Secret } from "../config/secret.ts";
import { withKeysOf } from "../config/with-keys.ts";
import { createKeyFileReader } from "./key-file-reader.ts";
import type { OpenAiUpstream } from "./openai-upstream.ts";
import { isSameReread, type KeyRereader, type Reread, rereadKey } from "./reread-key.ts";
import { keyFilesOf, keysOf, keyTextsOf, type ServedKey, withSecrets } from "./served-keys.ts";
import { createKeyFileWatch, type KeyFileWatchOptions } from "./watch-key-files.ts";

/** What made the keys be read again. */
export type KeyTrigger = "file" | "signal" | "operator";

/** Told of every change, once, with ids only. */
export interface KeyRotationEvents {
  readonly changed: (upstream: string, changes: KeyChanges, trigger: KeyTrigger) => void;
  /** The source holds no key: the one that was read before goes on. */
  readonly kept: (upstream: string, keyId: string, why: string, trigger: KeyTrigger) => void;
  /** @param warnings of the file, but for those that were told before */
  readonly reloaded: (compared: ComparedConfig, warnings: readonly string[], trigger: KeyTrigger) => void;
  /** The configuration is not valid, and nothing of it was taken up. */
  readonly refused: (problems: readonly ConfigProblem[], trigger: KeyTrigger) => void;
}

export interface KeyRotationOptions
  extends Omit<KeyRereader, "readKeyFile">, Pick<KeyFileWatchOptions, "setTimer" | "watchFolder"> {
  /** What serves from the start on. */
  readonly config: Config;
  /** Every upstream of the config. */
  readonly upstreams: ReadonlyMap<string, Pick<OpenAiUpstream, "replaceKeys">>;
  /** Reads the configuration again, as the start did. @param keyText what a key's file holds, where that is known */
  readonly readConfig: (keyText?: (path: string) => string | undefined) => ConfigResult;
  readonly events: KeyRotationEvents;
  /** Left out: from the disk. */
  readonly readKeyFile?: KeyRereader["readKeyFile"];
}

/** What became of one key. */
export type KeyRotated =
  | { readonly kind: "read" }
  /** Its source holds no key: it has the secret it had. */
  | { readonly kind: "kept"; readonly why: string }
  | { readonly kind: "unknown" };

/** A configuration that was read again, beside the one that serves. */
export interface ComparedConfig {
  readonly kind: "valid";
  /** Of what served before. */
  readonly previousRevision: string;
  /** Of the file. */
  readonly revision: string;
  /** Sections in which the two differ. */
  readonly differences: readonly string[];
  /** Those of them that are not taken up before a restart. */
  readonly needsRestart: readonly string[];
}

/** The configuration as it stands now, or every problem of it. */
export type ConfigReread =
  | ComparedConfig
  | { readonly kind: "invalid"; readonly problems: readonly ConfigProblem[] };

/** What operators can ask of keys and configuration, of whichever process reads them. */
export interface KeyDesk {
  /** Reads the source of one key. */
  readonly rotate: (upstream: string, keyId: string) => Promise<KeyRotated>;
  /** Reads the configuration and every key, and takes up the keys; of the rest it tells what waits for a restart. */
  readonly reload: (trigger: KeyTrigger) => Promise<ConfigReread>;
  /** Reads the configuration, and changes nothing. */
  readonly compare: () => Promise<ConfigReread>;
}

/** Gives running upstreams the keys that their sources hold now. */
export interface KeyRotation extends KeyDesk {
  /** The configuration with the keys that are in use. */
  readonly served: () => Config;
  readonly close: () => void;
}

/**
 * Reads keys when their files change and whenever it is asked to. One reading at a time: what was read earlier is never
 * taken up later. Between a reading and its use nothing is waited for, so a call finds the old keys or the new ones.
 */
export function createKeyRotation(options: KeyRotationOptions): KeyRotation {
  const { cwd, upstreams, readConfig, events, setTimer, watchFolder } = options;
  const rereader = { ...options, readKeyFile: options.readKeyFile ?? createKeyFileReader(setTimer) };
  let served = options.config;
  /** What each file held when it was last looked at. */
  const seen = new Map<string, Reread>();
  /** Why a source holds no key, where that was told. */
  const told = new Map<string, string>();
  const warned = new Set(served.warnings);

  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(read: () => Promise<T>): Promise<T> => {
    const turn = last.then(read);
    last = turn.catch(() => undefined);
    return turn;
  };

  const rereadAll = (keys: readonly ServedKey[]): Promise<readonly RereadKey[]> =>
    Promise.all(
      keys.map(async (at) => {
        const reread = await rereadKey(at.upstream, at.key, rereader);
        if (reread.kind === "read") told.delete(at.place);
        return { at, reread };
      }),
    );

  const keep = ({ upstream, key, place }: ServedKey, why: string, trigger: KeyTrigger): void => {
    told.set(place, why);
    events.kept(upstream.name, key.id, why, trigger);
  };

  const take = (next: Config, trigger: KeyTrigger): void => {
    const before = served;
    served = next;
    for (const [name, { keys }] of next.upstreams) {
      const changes = keyChanges(before.upstreams.get(name)?.keys ?? [], keys);
      if (changes === undefined) continue;
      upstreams.get(name)?.replaceKeys(keys);
      events.changed(name, changes, trigger);
    }
    watch.follow(keyFilesOf(served, cwd));
  };

  const look = async (): Promise<boolean> => {
    let settled = true;
    const secrets = new Map<string, Secret>();
    for (const { at, reread } of await rereadAll(keysOf(served).filter(isFromFile))) {
      const again = isSameReread(seen.get(at.place), reread);
      seen.set(at.place, reread);
      if (isSameReread({ kind: "read", secret: at.key.secret }, reread)) continue;
      if (!again) settled = false;
      else if (reread.kind === "read") secrets.set(at.place, reread.secret);
      else if (told.get(at.place) !== reread.why) keep(at, reread.why, "file");
    }
    if (secrets.size > 0) take(withSecrets(served, secrets), "file");
    return settled;
  };

  const watch = createKeyFileWatch({ setTimer, watchFolder, look: () => inTurn(look) });
  watch.follow(keyFilesOf(served, cwd));

  const rotate = async (upstream: string, keyId: string): Promise<KeyRotated> => {
    const named = keysOf(served).filter(
      ({ upstream: { name }, key }) => name === upstream && key.id === keyId,
    );
    const [read] = await rereadAll(named);
    if (read === undefined) return { kind: "unknown" };
    const { at, reread } = read;
    if (reread.kind === "malformed") {
      keep(at, reread.why, "operator");
      return { kind: "kept", why: reread.why };
    }
    take(withSecrets(served, new Map([[at.place, reread.secret]])), "operator");
    return { kind: "read" };
  };

  const reload = async (trigger: KeyTrigger): Promise<ConfigReread> => {
    const secrets = new Map<string, Secret>();
    for (const { at, reread } of await rereadAll(keysOf(served))) {
      if (reread.kind === "read") secrets.set(at.place, reread.secret);
      else keep(at, reread.why, trigger);
    }
    const before = served;
    const known = withSecrets(served, secrets);
    const texts = keyTextsOf(known);
    // A file without a key would make the whole of the configuration invalid; here it keeps the key it held.
    const result = readConfig((path) => texts.get(path));
    if (result.kind === "invalid") {
      take(known, trigger);
      events.refused(result.problems, trigger);
      return result;
    }
    const next = withKeysOf(known, result.config);
    take(next, trigger);
    const compared = compare(before, next, result.config);
    const warnings = result.config.warnings.filter((warning) => !warned.has(warning));
    for (const warning of warnings) warned.add(warning);
    events.reloaded(compared, warnings, trigger);
    return compared;
  };

  return {
    rotate: (upstream, keyId) => inTurn(() => rotate(upstream, keyId)),
    reload: (trigger) => inTurn(() => reload(trigger)),
    compare: async () => {
      const result = readConfig();
      if (result.kind === "invalid") return result;
      return compare(served, withKeysOf(served, result.config), result.config);
    },
    served: () => served,
    close: watch.close,
  };
}

interface RereadKey {
  readonly at: ServedKey;
  readonly reread: Reread;
}

function isFromFile({ key: { source } }: ServedKey): boolean {
  return source.kind === "file";
}

/** @param next what serves once the keys of the file do */
function compare(before: Config, next: Config, file: Config): ComparedConfig {
  return {
    kind: "valid",
    previousRevision: before.revision,
    revision: file.revision,
    differences: configDifferences(before, file),
    needsRestart: configDifferences(next, file),
  };
}
