// Bundles the server into dist/, which the container image runs: one entry, and a chunk for each command.
// The shipped switchyard.yaml is found beside dist/ (src/config/load-config.ts).
import { join } from "node:path";
import { build } from "rolldown";

const root = join(import.meta.dirname, "..");

await build({
  cwd: root,
  input: { main: "src/main.ts" },
  platform: "node",
  output: {
    dir: join(root, "dist"),
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
  },
});
