import { type FieldPath, fieldText } from "./field-path.ts";
import type { FieldProblem } from "./validate-message.ts";

/** More would not fit into the error's details, and a hostile request has millions. */
const maxProblems = 32;

/** What is wrong with a request as far as it has been checked, in the order of the checks. */
export type ProblemList = FieldProblem[];

/** True once no more are kept: checks over many elements end here. */
export function isFull(problems: ProblemList): boolean {
  return problems.length >= maxProblems;
}

/** Keeps one more problem, up to 32. */
export function addProblem(problems: ProblemList, path: FieldPath, description: string): void {
  if (!isFull(problems)) problems.push({ field: fieldText(path), description });
}
