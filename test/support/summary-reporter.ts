import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with one plain line, `N passed, N failed`, for readers that know no terminal. A file that could not
 * run at all and an error outside of tests count as failed.
 */
export function createSummaryReporter(print: (line: string) => void): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
      const tests = modules.flatMap((module) => [...module.children.allTests()]);
      const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
      const broken = modules.filter((module) => module.errors().length > 0).length;
      const failed = count("failed") + broken + unhandledErrors.length;
      const skipped = count("skipped");
      if (skipped > 0) print(`${skipped} skipped`);
      print(`${count("passed")} passed, ${failed} failed`);
    },
  };
}
