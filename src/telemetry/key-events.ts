import type { ConfigProblem } from "../config/config.ts";
import type { KeyChanges } from "../config/key-changes.ts";
import type { Log } from "./log.ts";

/** What made the keys be read again. */
type KeyTrigger = "file" | "signal" | "operator";

/** Lines of the log about keys and configurations that were read while the gateway ran. Ids only. */
export interface KeyEvents {
  readonly changed: (upstream: string, changes: KeyChanges, trigger: KeyTrigger) => void;
  readonly kept: (upstream: string, keyId: string, why: string, trigger: KeyTrigger) => void;
  readonly reloaded: (
    config: { readonly revision: string; readonly needsRestart: readonly string[] },
    warnings: readonly string[],
    trigger: KeyTrigger,
  ) => void;
  readonly refused: (problems: readonly ConfigProblem[], trigger: KeyTrigger) => void;
}

/** @see test/telemetry/key-events.test.ts */
export function createKeyEvents(log: Log): KeyEvents {
  return {
    changed: (upstream, changes, trigger) => {
      const { added, retired, rotated, order } = changes;
      log.info(
        { event: "keys", upstream, trigger, added, retired, rotated, order },
        changeText(upstream, changes),
      );
    },
    kept: (upstream, keyId, why, trigger) =>
      log.warn(
        { event: "key-kept", upstream, key_id: keyId, trigger },
        `key ${keyId} of ${upstream} goes on with the secret it has: its source ${why}`,
      ),
    reloaded: ({ revision, needsRestart }, warnings, trigger) => {
      for (const warning of warnings) log.warn({ event: "config" }, warning);
      const fields = { event: "reload", trigger, config: revision, needs_restart: needsRestart };
      if (needsRestart.length === 0)
        log.info(fields, "the configuration was read again, and all of it serves");
      else
        log.warn(
          fields,
          `the configuration was read again; these sections need a restart: ${needsRestart.join(", ")}`,
        );
    },
    refused: (problems, trigger) => {
      const told = problems.map(
        ({ path, line, message }) => `${path}${line === undefined ? "" : ` (line ${line})`}: ${message}`,
      );
      log.error(
        { event: "reload", trigger, problems: told },
        "the configuration that was read again is not valid: what served before goes on",
      );
    },
  };
}

function changeText(upstream: string, { added, retired, rotated, order }: KeyChanges): string {
  const parts = [
    ...(added.length > 0 ? [`added ${added.join(", ")}`] : []),
    ...(retired.length > 0 ? [`retired ${retired.join(", ")}`] : []),
    ...(rotated.length > 0 ? [`new secret for ${rotated.join(", ")}`] : []),
  ];
  const what = parts.length > 0 ? parts.join("; ") : `the order is ${order.join(", ")}`;
  return `the keys of ${upstream} changed: ${what}`;
}
