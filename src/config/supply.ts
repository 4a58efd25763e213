import type { Config, ModelConfig, UpstreamConfig } from "./config.ts";
import type { ConfiguredKeys } from "./configured-keys.ts";
import type { Finding } from "./config-path.ts";
import { defaultHttp2, defaultMaxConnections } from "./defaults.ts";
import { simulatorSecret } from "./keys.ts";
import { entriesOf, fieldOf, textsOf, valueAt } from "./raw-value.ts";
import { simulatorName } from "./names.ts";
import type { FileConfig } from "./schema.ts";
import { nanosOf } from "./money.ts";

/** Which upstreams can serve, and whether the simulator stands in for all of them. */
export interface Supply {
  /** Names of upstreams that have a key and that a model uses. */
  readonly usable: ReadonlySet<string>;
  readonly simulated: boolean;
  readonly findings: readonly Finding[];
}

/** Decides from what was written, so that "no key" is told together with everything else. */
export function decideSupply(value: unknown, keys: ConfiguredKeys): Supply {
  const used = usedUpstreams(value);
  const usable = new Set(
    [...keys.set].flatMap(([name, set]) => (set.length > 0 && used.has(name) ? [name] : [])),
  );
  const enabled = valueAt(value, ["simulator", "enabled"]);
  const simulated = enabled === true || (enabled !== false && usable.size === 0);
  // A malformed key is reported as such; and with the simulator off there must be something to call.
  if (simulated || usable.size > 0 || keys.findings.length > 0) return { usable, simulated, findings: [] };
  const variables = [...new Set([...used].flatMap((name) => keys.unset.get(name) ?? []))];
  const remedy =
    variables.length > 0
      ? `set ${variables.join(" or ")}, or let the simulator stand in (auto)`
      : "give upstreams keys and models upstreams, or let the simulator stand in (auto)";
  return {
    usable,
    simulated,
    findings: [{ at: ["simulator", "enabled"], message: `is false, and no upstream has a key; ${remedy}` }],
  };
}

/** Names that at least one model lists. */
export function usedUpstreams(value: unknown): ReadonlySet<string> {
  return new Set(
    entriesOf(fieldOf(value, "models")).flatMap(([, model]) =>
      textsOf(fieldOf(model, "upstreams")).map(({ text }) => text),
    ),
  );
}

/** The upstreams that serve, in the order of the file. */
export function upstreamsOf(file: FileConfig, keys: ConfiguredKeys, supply: Supply): Config["upstreams"] {
  if (supply.simulated) return new Map([[simulatorName, simulatorUpstream()]]);
  return new Map(
    Object.entries(file.upstreams).flatMap(
      ([name, upstream]): readonly (readonly [string, UpstreamConfig])[] => {
        if (!supply.usable.has(name)) return [];
        const { maxConnections, http2 } = upstream;
        const baseUrl = upstream.baseUrl.replace(/\/+$/, "");
        return [[name, { name, baseUrl, keys: keys.set.get(name) ?? [], maxConnections, http2 }]];
      },
    ),
  );
}

/** Every model of the file with the deployments that are left to it. */
export function modelsOf(file: FileConfig, supply: Supply): Config["models"] {
  return new Map(
    Object.entries(file.models).map(([id, model]): readonly [string, ModelConfig] => {
      const upstreams = supply.simulated
        ? [simulatorName]
        : model.upstreams.filter((name) => supply.usable.has(name));
      const names = Object.entries(model.upstreamModel ?? {}).filter(([name]) => upstreams.includes(name));
      return [
        id,
        {
          id,
          displayName: model.displayName ?? id,
          contextWindowTokens: model.contextWindowTokens,
          maxOutputTokens: model.maxOutputTokens,
          capabilities: model.capabilities === undefined ? undefined : new Set(model.capabilities),
          price: model.price === undefined ? undefined : priceOf(model.price),
          upstreams,
          upstreamModel: new Map(names),
        },
      ];
    }),
  );
}

function priceOf(
  price: NonNullable<FileConfig["models"][string]["price"]>,
): NonNullable<ModelConfig["price"]> {
  const cached = price.cachedInputPerMTok;
  return {
    inputNanosPerMTok: nanosOf(price.inputPerMTok),
    cachedInputNanosPerMTok: cached === undefined ? undefined : nanosOf(cached),
    outputNanosPerMTok: nanosOf(price.outputPerMTok),
  };
}

function simulatorUpstream(): UpstreamConfig {
  return {
    name: simulatorName,
    baseUrl: undefined,
    keys: [{ id: simulatorName, source: { kind: "simulator" }, secret: simulatorSecret() }],
    maxConnections: defaultMaxConnections,
    http2: defaultHttp2,
  };
}
