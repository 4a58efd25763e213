import type { FieldProblem } from "./validate-message.ts";

/** Text with half a surrogate pair has no UTF-8 form; upstreams refuse it, each in its own way. */
export function* textProblems(field: string, text: string): Generator<FieldProblem> {
  if (!text.isWellFormed()) {
    yield { field, description: "must be valid Unicode; it has half of a surrogate pair" };
  }
}
