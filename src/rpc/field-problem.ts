/** What is wrong with one field of a request; becomes a `google.rpc.BadRequest.FieldViolation`. */
export interface FieldProblem {
  /** Path in the contract's own names, such as `input.messages[2].parts[0].text`. */
  readonly field: string;
  /** What to change. Never any of the caller's text: errors are logged and traced. */
  readonly description: string;
}

/** Text with half a surrogate pair has no UTF-8 form; upstreams refuse it, each in its own way. */
export function* textProblems(field: string, text: string): Generator<FieldProblem> {
  if (!text.isWellFormed()) {
    yield { field, description: "must be valid Unicode; it has half of a surrogate pair" };
  }
}
