import { spawnSync } from "node:child_process";

/**
 * Whether a program that tests need is there. Missing in CI is a failure, elsewhere a skip whose name says what
 * is missing: `describe.skipIf(!has.present)(has.title("a page"), …)`.
 */
export interface OptionalProgram {
  readonly present: boolean;
  readonly title: (text: string) => string;
}

/** Looks for it by running it; any exit code but 0 counts as missing. */
export function findProgram(name: string, program: string, words: readonly string[]): OptionalProgram {
  const present = spawnSync(program, words, { stdio: "ignore" }).status === 0;
  // In CI the tests run, and fail, without it.
  const required = process.env["CI"] === "true";
  return {
    present: present || required,
    title: (text) => (present || required ? text : `${text} (skipped: ${name} is not installed)`),
  };
}
