import type { Failure } from "../routing/failure.ts";

/** The one way an open stream can fail: a throw that carries the failure. */
export class UpstreamFailed extends Error {
  override readonly name = "UpstreamFailed";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message, { cause: failure.cause });
    this.failure = failure;
  }
}
