import type { PatternNode } from "./pattern.ts";

/** Beyond this a text counts as matching: samples are short, and the check is ours alone. */
const mostChars = 2000;
/** Nested quantifiers multiply even so: after this many steps a text counts as matching too. */
const mostSteps = 5_000;

interface Walk {
  readonly chars: readonly string[];
  steps: number;
}

/**
 * Whether the pattern is found anywhere in the text. Every step keeps the set of places that can be
 * reached, so that the time is bounded whatever the pattern.
 */
export function matchesPattern(pattern: PatternNode, text: string): boolean {
  const chars = Array.from(text);
  if (chars.length > mostChars) return true;
  const starts = new Set(Array.from({ length: chars.length + 1 }, (_, at) => at));
  const walk: Walk = { chars, steps: 0 };
  return reach(pattern, walk, starts).size > 0 || walk.steps > mostSteps;
}

function reach(node: PatternNode, walk: Walk, from: ReadonlySet<number>): ReadonlySet<number> {
  walk.steps += 1;
  if (from.size === 0) return from;
  if (walk.steps > mostSteps) return new Set();
  const { chars } = walk;
  switch (node.kind) {
    case "start":
      return new Set([...from].filter((at) => at === 0));
    case "end":
      return new Set([...from].filter((at) => at === chars.length));
    case "char":
      return new Set(
        [...from].filter((at) => at < chars.length && node.test(chars[at] ?? "")).map((at) => at + 1),
      );
    case "sequence": {
      let places = from;
      for (const item of node.items) places = reach(item, walk, places);
      return places;
    }
    case "choice": {
      const places = new Set<number>();
      for (const branch of node.branches) for (const at of reach(branch, walk, from)) places.add(at);
      return places;
    }
    case "repeat":
      return repeat(node, walk, from);
  }
}

function repeat(
  node: Extract<PatternNode, { kind: "repeat" }>,
  walk: Walk,
  from: ReadonlySet<number>,
): ReadonlySet<number> {
  let places = from;
  for (let time = 0; time < node.least && places.size > 0; time += 1) {
    const next = reach(node.item, walk, places);
    // An item that can be empty stays where it is, however often it is repeated.
    if (next.size === places.size && next.isSubsetOf(places)) break;
    places = next;
  }
  const all = new Set(places);
  for (let time = node.least; time < node.most; time += 1) {
    places = reach(node.item, walk, places).difference(all);
    if (places.size === 0) break;
    for (const at of places) all.add(at);
  }
  return all;
}
