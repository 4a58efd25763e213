import type { PatternNode } from "./pattern.ts";
import { pick, type Random } from "./seeded-random.ts";

/** A tree can ask for a{1000}{1000}, or for (){1000} nested: what takes more steps than this is given up. */
const mostSteps = 20_000;

interface Text {
  readonly chars: string[];
  steps: number;
}

/**
 * A text that the pattern matches as a whole.
 * @param longer how many repetitions beyond the least an open quantifier takes, for a length that is asked for
 * @returns undefined where a class has no character that we know, or the text grows too long
 */
export function samplePattern(pattern: PatternNode, random: Random, longer: number): string | undefined {
  const out: Text = { chars: [], steps: 0 };
  return append(pattern, random, longer, out) ? out.chars.join("") : undefined;
}

function append(node: PatternNode, random: Random, longer: number, out: Text): boolean {
  out.steps += 1;
  if (out.steps > mostSteps) return false;
  switch (node.kind) {
    case "start":
    case "end":
      return true;
    case "char": {
      const char = pick(random, node.candidates);
      if (char !== undefined) out.chars.push(char);
      return char !== undefined;
    }
    case "sequence":
      return node.items.every((item) => append(item, random, longer, out));
    case "choice": {
      const branch = pick(random, node.branches);
      return branch !== undefined && append(branch, random, longer, out);
    }
    case "repeat": {
      const times = Math.min(node.most, node.least + Math.floor(random() * (longer + 1)));
      for (let time = 0; time < times; time += 1) if (!append(node.item, random, longer, out)) return false;
      return true;
    }
  }
}
