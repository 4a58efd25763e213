// Bundles the server into dist/, which the container image runs: one entry, a chunk for each command, and the file
// of the ledger's thread, which src/ledger/file-thread.ts starts by its name.
// The shipped switchyard.yaml is found beside dist/ (src/config/load-config.ts).
import { join } from "node:path";
import { build } from "rolldown";

const root = join(import.meta.dirname, "..");

await build({
  cwd: root,
  input: { main: "src/main.ts", "sqlite-thread": "src/ledger/sqlite-thread.ts" },
  platform: "node",
  output: {
    dir: join(root, "dist"),
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
  },
});
