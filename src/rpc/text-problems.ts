import { type FieldPath, fieldIn } from "./field-path.ts";
import { addProblem, type ProblemList } from "./problem-list.ts";

/** Text with half a surrogate pair has no UTF-8 form; upstreams refuse it, each in its own way. */
export function addTextProblems(
  problems: ProblemList,
  parent: FieldPath,
  name: string,
  text: string,
  index?: number,
): void {
  if (!text.isWellFormed()) {
    addProblem(
      problems,
      fieldIn(parent, name, index),
      "must be valid Unicode; it has half of a surrogate pair",
    );
  }
}
