import { closestNames } from "../routing/closest-names.ts";
import type { ConfigPath, Finding } from "./config-path.ts";
import { entriesOf, fieldOf, itemsOf, textsOf } from "./raw-value.ts";

/** Names that stand for nothing, and names that stand twice where once is meant. */
export function referenceFindings(value: unknown): readonly Finding[] {
  const upstreams = new Set(entriesOf(fieldOf(value, "upstreams")).map(([name]) => name));
  const models = new Set(entriesOf(fieldOf(value, "models")).map(([id]) => id));
  const findings: Finding[] = [];

  const checkList = (at: ConfigPath, list: unknown, kind: string, known: ReadonlySet<string>): void => {
    const seen = new Set<string>();
    for (const { text, index } of textsOf(list)) {
      const place = [...at, index];
      if (!known.has(text)) findings.push({ at: place, message: unknownMessage(kind, text, known) });
      else if (seen.has(text)) findings.push({ at: place, message: "stands twice in this list; remove one" });
      seen.add(text);
    }
  };
  const checkLists = (name: "tiers" | "fallback"): void => {
    for (const [key, list] of entriesOf(fieldOf(value, name))) checkList([name, key], list, "model", models);
  };

  for (const [id, model] of entriesOf(fieldOf(value, "models"))) {
    const at = ["models", id];
    const own = fieldOf(model, "upstreams");
    checkList([...at, "upstreams"], own, "upstream", upstreams);
    const served = new Set(textsOf(own).map(({ text }) => text));
    for (const [upstream] of entriesOf(fieldOf(model, "upstreamModel"))) {
      if (!served.has(upstream)) {
        const message = unknownMessage("upstream of this model", upstream, served);
        findings.push({ at: [...at, "upstreamModel", upstream], message });
      }
    }
    findings.push(...repeated(itemsOf(fieldOf(model, "capabilities")), [...at, "capabilities"]));
  }
  checkLists("tiers");
  checkLists("fallback");
  for (const [name, upstream] of entriesOf(fieldOf(value, "upstreams"))) {
    findings.push(...repeatedKeyIds(itemsOf(fieldOf(upstream, "keys")), ["upstreams", name, "keys"]));
  }
  for (const side of ["stable", "canary"]) {
    const name = fieldOf(fieldOf(value, "canary"), side);
    if (typeof name === "string" && !upstreams.has(name)) {
      findings.push({ at: ["canary", side], message: unknownMessage("upstream", name, upstreams) });
    }
  }
  for (const [id] of entriesOf(fieldOf(fieldOf(value, "simulator"), "faults"))) {
    if (id !== "*" && !models.has(id)) {
      findings.push({ at: ["simulator", "faults", id], message: unknownMessage("model", id, models) });
    }
  }
  return findings;
}

/** Names of the file's own maps may be shown; the written one stands at the place itself. */
function unknownMessage(kind: string, wanted: string, known: ReadonlySet<string>): string {
  if (known.size === 0) return `is not a known ${kind}: none is configured`;
  const closest = closestNames(wanted, known, 3);
  return closest.length > 0
    ? `is not a known ${kind}; did you mean ${closest.join(" or ")}?`
    : `is not a known ${kind}; known: ${[...known].slice(0, 12).join(", ")}${known.size > 12 ? ", …" : ""}`;
}

function repeated(items: readonly unknown[], at: ConfigPath): readonly Finding[] {
  return items.flatMap((item, index) =>
    items.indexOf(item) < index
      ? [{ at: [...at, index], message: "stands twice in this list; remove one" }]
      : [],
  );
}

/** The state of a key belongs to (upstream, id): two with one id would share cooldowns. */
function repeatedKeyIds(keys: readonly unknown[], at: ConfigPath): readonly Finding[] {
  const ids = keys.map((key) => fieldOf(key, "id"));
  return ids.flatMap((id, index) =>
    typeof id === "string" && ids.indexOf(id) < index
      ? [
          {
            at: [...at, index, "id"],
            message: "is the id of another key of this upstream; each needs its own",
          },
        ]
      : [],
  );
}
