import type { ConfigPath, Finding } from "./config-path.ts";
import { defaultBreaker, defaultRetry, defaultTier } from "./defaults.ts";
import { limiterOf } from "./limiter.ts";
import { inlineKeyMessage, inlineKeyNames } from "./pasted-key.ts";
import { entriesOf, fieldOf, isMap, itemsOf, valueAt } from "./raw-value.ts";

/** Values that are each allowed and cannot stand together. */
export function contradictionFindings(value: unknown): readonly Finding[] {
  return [
    ...orderFindings(value),
    ...modelFindings(value),
    ...keyFindings(value),
    ...ledgerFindings(fieldOf(value, "ledger")),
    ...budgetFindings(itemsOf(fieldOf(value, "budgets"))),
    ...canaryFindings(fieldOf(value, "canary")),
    ...defaultTierFindings(value),
  ];
}

function orderFindings(value: unknown): readonly Finding[] {
  const written = (path: ConfigPath, fallback: number): number => {
    const found = valueAt(value, path);
    return typeof found === "number" ? found : fallback;
  };
  const atMost = (
    section: string,
    low: string,
    lowDefault: number,
    high: string,
    highDefault: number,
  ): Finding[] => {
    const [a, b] = [written([section, low], lowDefault), written([section, high], highDefault)];
    if (!(a > b)) return [];
    const isDefault = typeof valueAt(value, [section, high]) !== "number";
    const named = `${section}.${high}, which is ${b}${isDefault ? " unless the file says otherwise" : ""}`;
    return [{ at: [section, low], message: `is ${a}; must be at most ${named}` }];
  };
  const limiter = limiterOf({
    start: numberAt(value, ["limiter", "start"]),
    min: numberAt(value, ["limiter", "min"]),
    max: numberAt(value, ["limiter", "max"]),
  });
  return [
    ...atMost("retry", "baseMs", defaultRetry.baseMs, "capMs", defaultRetry.capMs),
    ...atMost("breaker", "openMs", defaultBreaker.openMs, "maxOpenMs", defaultBreaker.maxOpenMs),
    ...atMost("limiter", "min", limiter.min, "start", limiter.start),
    ...atMost("limiter", "start", limiter.start, "max", limiter.max),
  ];
}

function numberAt(value: unknown, path: ConfigPath): number | undefined {
  const found = valueAt(value, path);
  return typeof found === "number" ? found : undefined;
}

function modelFindings(value: unknown): readonly Finding[] {
  const models = fieldOf(value, "models");
  if (isMap(models) && entriesOf(models).length === 0) {
    return [{ at: ["models"], message: "must hold at least one model" }];
  }
  return entriesOf(models).flatMap(([id, model]) => {
    const window = fieldOf(model, "contextWindowTokens");
    const output = fieldOf(model, "maxOutputTokens");
    if (typeof window !== "number" || typeof output !== "number" || output <= window) return [];
    const message = `is ${output}; must be at most contextWindowTokens, which is ${window}`;
    return [{ at: ["models", id, "maxOutputTokens"], message }];
  });
}

function keyFindings(value: unknown): readonly Finding[] {
  return entriesOf(fieldOf(value, "upstreams")).flatMap(([name, upstream]) =>
    itemsOf(fieldOf(upstream, "keys")).flatMap((key, index): readonly Finding[] => {
      const at = ["upstreams", name, "keys", index];
      const [env, file] = [fieldOf(key, "env") !== undefined, fieldOf(key, "file") !== undefined];
      // A key written under another name is told as such by the schema.
      const inline = entriesOf(key).some(([other]) => inlineKeyNames.has(other));
      if (!isMap(key) || env !== file || (inline && !env)) return [];
      return [
        {
          at,
          message: env ? "has both env and file; keep one" : `has neither env nor file; ${inlineKeyMessage}`,
        },
      ];
    }),
  );
}

function ledgerFindings(ledger: unknown): readonly Finding[] {
  const stated = ["path", "url"].filter((name) => fieldOf(ledger, name) !== undefined);
  if (fieldOf(ledger, "off") === true && stated.length > 0) {
    return [
      { at: ["ledger", "off"], message: `is true although ${stated.join(" and ")} is given; keep one` },
    ];
  }
  return stated.length > 1
    ? [{ at: ["ledger", "url"], message: "stands beside path; keep one: a database, or a file" }]
    : [];
}

function budgetFindings(budgets: readonly unknown[]): readonly Finding[] {
  const subjects = budgets.map((budget) =>
    JSON.stringify([fieldOf(budget, "caller"), fieldOf(budget, "label")]),
  );
  return budgets.flatMap((budget, index): readonly Finding[] => {
    const at = ["budgets", index];
    if (!isMap(budget)) return [];
    const findings: Finding[] = [];
    const [caller, label] = [fieldOf(budget, "caller"), fieldOf(budget, "label")];
    if ((caller === undefined) === (label === undefined)) {
      findings.push({ at, message: 'must have either caller: "name" or label: { name: value }' });
    } else if (subjects.indexOf(subjects[index] ?? "") < index) {
      findings.push({ at, message: "is a second budget for the same caller or label; keep one" });
    }
    if (isMap(label) && entriesOf(label).length === 0) {
      findings.push({ at: [...at, "label"], message: "must name at least one label" });
    }
    if (fieldOf(budget, "perDay") === undefined && fieldOf(budget, "perMonth") === undefined) {
      findings.push({ at, message: "must have perDay, perMonth or both" });
    }
    return findings;
  });
}

function canaryFindings(canary: unknown): readonly Finding[] {
  const [stable, name] = [fieldOf(canary, "stable"), fieldOf(canary, "canary")];
  return typeof name === "string" && name === stable
    ? [{ at: ["canary", "canary"], message: "is the stable upstream too; the two must differ" }]
    : [];
}

/** A default that nobody chose may be empty (then it is a warning); one that stands in the file may not. */
function defaultTierFindings(value: unknown): readonly Finding[] {
  const tier = fieldOf(value, "defaultTier");
  if (typeof tier !== "string") return [];
  const listed = valueAt(value, ["tiers", tier]);
  const message = `is a tier that lists no model; add one to tiers.${tier}, or choose another (the default is ${defaultTier})`;
  return ["simple", "standard", "advanced"].includes(tier) &&
    itemsOf(listed).length === 0 &&
    (listed === undefined || Array.isArray(listed))
    ? [{ at: ["defaultTier"], message }]
    : [];
}
