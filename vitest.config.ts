import { defineConfig } from "vitest/config";
import { createSummaryReporter } from "./test/support/summary-reporter.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/require-node.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is polled for comes by itself; how soon is the machine's affair.
    expect: { poll: { timeout: 10_000 } },
    // CI shares its machine: a process can wait seconds for a core while a client's own timer runs. What fails again fails.
    retry: process.env["CI"] === "true" ? 1 : 0,
    // Real sockets and timers: two cores are shared by many processes.
    maxWorkers: 2,
    reporters: ["default", createSummaryReporter((line) => process.stdout.write(`${line}\n`))],
    coverage: { include: ["src/routing/**"] },
  },
});
