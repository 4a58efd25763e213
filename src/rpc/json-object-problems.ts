import { createJsonBrackets } from "../upstream/json-brackets.ts";
import { type FieldPath, fieldIn } from "./field-path.ts";
import { addProblem, type ProblemList } from "./problem-list.ts";

/** Deeper than any schema that an upstream takes, and far from what overflows the stack when written again. */
const maxDepth = 100;

function describe(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Only the position: the rest of V8's message quotes the text.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    return `must be a JSON object; it is not valid JSON${position === undefined ? "" : ` (at character ${position})`}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return 'must be a JSON object, such as {"type":"object"}';
  }
  const brackets = createJsonBrackets();
  brackets.add(text);
  return brackets.deepest() > maxDepth ? `must not be nested deeper than ${maxDepth} levels` : undefined;
}

/** A JSON Schema is checked for being a JSON object and no more: which keywords hold is the upstream's matter. */
export function addJsonObjectProblems(
  problems: ProblemList,
  parent: FieldPath,
  name: string,
  text: string,
): void {
  const description = describe(text);
  if (description !== undefined) {
    addProblem(problems, fieldIn(parent, name), description);
  }
}
