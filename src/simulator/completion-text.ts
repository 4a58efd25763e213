import type { ChatRequest } from "./chat-request.ts";
import { guessLanguage } from "./guess-language.ts";
import { phrases } from "./phrases.ts";
import { type Random, shuffled } from "./seeded-random.ts";

const excerptChars = 60;

/** The first words of a text on one line; whole characters only. */
export function excerptOf(text: string): string {
  // Only the start is looked at: a prompt may be megabytes.
  const line = text
    .slice(0, excerptChars * 8)
    .replaceAll(/\s+/gu, " ")
    .trim();
  const chars = Array.from(line);
  if (chars.length <= excerptChars) return line;
  return `${chars.slice(0, excerptChars).join("")}…`;
}

function lastOf(request: ChatRequest, role: string): string | undefined {
  return request.prompt.messages.findLast((message) => message.role === role && message.text !== "")?.text;
}

/** The prompt itself: what the user said last. */
export function questionOf(request: ChatRequest): string {
  return lastOf(request, "user") ?? request.prompt.messages.at(-1)?.text ?? "";
}

/**
 * A text that says that it is simulated, in the language of the prompt: what was asked, what a tool
 * returned, what came along, and a few sentences.
 */
export function completionText(request: ChatRequest, random: Random): string {
  const question = questionOf(request);
  const say = phrases[guessLanguage(question)];
  const parts = [say.simulated(request.model)];
  const last = request.prompt.messages.at(-1);
  if (last?.role === "tool" || last?.role === "function") parts.push(say.toolSaid(excerptOf(last.text)));
  else if (question !== "") parts.push(say.asked(excerptOf(question)));
  let attachments = 0;
  for (const message of request.prompt.messages) attachments += message.attachments.length;
  if (attachments > 0) parts.push(say.attached(attachments));
  const more = shuffled(random, say.more);
  parts.push(...more.slice(0, 2 + Math.floor(random() * (more.length - 1))));
  return parts.join(" ");
}

/** What a reasoning model says to itself before it answers. */
export function reasoningText(request: ChatRequest, random: Random): string {
  const say = phrases[guessLanguage(questionOf(request))];
  const more = shuffled(random, say.more);
  return [say.asked(excerptOf(questionOf(request))), ...more.slice(0, 2)].join(" ");
}

/** The answer to `response_format: json_object`. */
export function completionObject(request: ChatRequest, random: Random): string {
  return JSON.stringify({
    simulated: true,
    model: request.model,
    answer: completionText(request, random),
    confidence: Math.round(random() * 100) / 100,
  });
}
