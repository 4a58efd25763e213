import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/require-node.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Real sockets and timers: two cores are shared by many processes.
    maxWorkers: 2,
    coverage: { include: ["src/routing/**"] },
  },
});
