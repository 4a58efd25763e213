import { excerptOf, questionOf } from "./completion-text.ts";
import type { ChatRequest } from "./chat-request.ts";
import type { Tool } from "./chat-tools.ts";
import { sampleSchema } from "./schema-sample.ts";
import type { Random } from "./seeded-random.ts";

/** One call that the simulated model makes. */
export interface ToolCallSample {
  readonly tool: Tool;
  /** JSON text for a function, free text for a custom tool. */
  readonly input: string;
}

const mostCalls = 3;

/** How many words of the question stand in the tool's name or description. */
function relevance(tool: Tool, words: ReadonlySet<string>): number {
  const described = `${tool.name.replaceAll(/([a-z])([A-Z])/g, "$1 $2")} ${tool.description}`.toLowerCase();
  const own = new Set(described.match(/[\p{L}\p{N}]{4,}/gu));
  return own.intersection(words).size;
}

/**
 * The calls that answer a request: none where tools are not wanted or have just answered; else the tool that
 * the question is most about, and with it others that it names too, where parallel calls are allowed.
 */
export function sampleToolCalls(request: ChatRequest, random: Random): readonly ToolCallSample[] {
  const { mode, tools } = request.toolUse;
  if (mode === "none" || tools.length === 0) return [];
  // A result ends the round, or the caller's loop would never end. Unless calls are demanded.
  const last = request.prompt.messages.at(-1)?.role;
  if (mode === "auto" && last !== "user") return [];
  const question = questionOf(request);
  const words = new Set(
    question
      .slice(0, 2000)
      .toLowerCase()
      .match(/[\p{L}\p{N}]{4,}/gu),
  );
  const ranked = tools
    .map((tool) => ({ tool, score: relevance(tool, words) }))
    .toSorted((left, right) => right.score - left.score);
  const chosen = ranked.filter(({ score }, at) => at === 0 || (request.parallelToolCalls && score > 0));
  return chosen
    .slice(0, mostCalls)
    .map(({ tool }) => ({ tool, input: sampleInput(tool, random, excerptOf(question)) }));
}

function sampleInput(tool: Tool, random: Random, question: string): string {
  if (tool.type === "custom") return question === "" ? "simulated" : question;
  const value = sampleSchema({ type: "object", ...Object(tool.parameters) }, random, question);
  return JSON.stringify(value);
}
