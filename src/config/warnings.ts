import { tierNames } from "../routing/catalog.ts";
import type { Config } from "./config.ts";
import type { ConfiguredKeys } from "./configured-keys.ts";
import { originOf } from "./keys.ts";
import { isLoopbackHost } from "./listen-address.ts";
import { usedUpstreams, type Supply } from "./supply.ts";
import type { FileConfig } from "./schema.ts";

/** What does not stop the start but its reader should know. Names only: never a key, never a path's content. */
export function warningsOf(
  file: FileConfig,
  config: Omit<Config, "revision" | "warnings">,
  keys: ConfiguredKeys,
  supply: Supply,
): readonly string[] {
  return [
    ...upstreamWarnings(file, keys, supply),
    ...simulatorWarnings(config, keys, supply),
    ...modelWarnings(config),
    ...canaryWarnings(file, config),
    ...listenWarnings(config),
  ];
}

function upstreamWarnings(file: FileConfig, keys: ConfiguredKeys, supply: Supply): readonly string[] {
  const used = usedUpstreams(file);
  return Object.entries(file.upstreams).flatMap(([name, { baseUrl }]) => {
    if (!used.has(name)) return [`upstream ${name} is left out: no model uses it`];
    const url = URL.parse(baseUrl);
    const host = url?.hostname ?? "";
    const warnings: string[] = [];
    const unset = (keys.unset.get(name) ?? []).join(" or ");
    if (!supply.usable.has(name)) {
      warnings.push(`upstream ${name} is left out: it has no key; set ${unset}; ${originOf(host)}`);
    } else if (unset !== "") {
      warnings.push(`upstream ${name} runs on fewer keys than configured: ${unset} is not set`);
    }
    const secrets = (keys.set.get(name) ?? []).map(({ secret }) => secret.reveal());
    if (new Set(secrets).size < secrets.length) {
      warnings.push(`upstream ${name} has the same key under two ids; it is one key to its provider`);
    }
    if (url?.protocol === "http:" && !isLoopbackHost(host.replaceAll(/[[\]]/g, ""))) {
      warnings.push(`upstream ${name} has an http:// URL: keys and prompts travel to ${host} unencrypted`);
    }
    return warnings;
  });
}

function simulatorWarnings(
  { simulator }: Pick<Config, "simulator">,
  keys: ConfiguredKeys,
  supply: Supply,
): readonly string[] {
  if (supply.simulated) {
    if (simulator.enabled === true) return ["answers are simulated: simulator.enabled is true"];
    const variables = [...new Set([...keys.unset.values()].flat())];
    const remedy = variables.length > 0 ? `; set ${variables.join(" or ")} for real ones` : "";
    return [`answers are simulated: no upstream has a key${remedy}`];
  }
  return simulator.faults.size > 0 ? ["simulator.faults has no effect: the simulator does not serve"] : [];
}

function modelWarnings({
  models,
  tiers,
  defaultTier,
  budgets,
}: Omit<Config, "revision" | "warnings">): readonly string[] {
  const unserved = [...models.values()].filter(({ upstreams }) => upstreams.length === 0).map(({ id }) => id);
  const warnings: string[] = [];
  if (unserved.length > 0) {
    warnings.push(`unavailable, because no upstream of theirs has a key: ${unserved.join(", ")}`);
  }
  for (const tier of tierNames) {
    const listed = tiers[tier];
    const missing = listed.filter((id) => unserved.includes(id));
    if (missing.length > 0) {
      const all = missing.length === listed.length ? "; no model of it is left" : "";
      warnings.push(`tier ${tier} lists unavailable models: ${missing.join(", ")}${all}`);
    }
    const unpriced = listed.filter((id) => models.get(id)?.price === undefined);
    if (unpriced.length > 0) {
      warnings.push(
        `tier ${tier} lists models without a price, whose cost is unknown: ${unpriced.join(", ")}`,
      );
    }
  }
  if (tiers[defaultTier].length === 0) {
    warnings.push(
      `tier ${defaultTier} is the default and lists no model: calls must name a model or another tier`,
    );
  }
  if (budgets.length > 0 && [...models.values()].some(({ price }) => price === undefined)) {
    warnings.push("budgets cannot count what models without a price cost");
  }
  return warnings;
}

function canaryWarnings(file: FileConfig, config: Pick<Config, "canary">): readonly string[] {
  return file.canary !== undefined && config.canary === undefined
    ? ["there is no canary: its two upstreams are not both in use"]
    : [];
}

function listenWarnings({ listen }: Pick<Config, "listen">): readonly string[] {
  return listen.connect === undefined && listen.grpc === undefined
    ? ["the listeners connect and grpc are both off: only operators can call"]
    : [];
}
