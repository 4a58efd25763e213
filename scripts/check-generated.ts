// Fails when gen/ is not what `npm run proto:generate` writes: generated code is committed, never edited.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** Content of every file below a folder, by its path there. */
function filesBelow(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
}

const fresh = mkdtempSync(join(tmpdir(), "switchyard-gen-"));
try {
  execFileSync("npx", ["buf", "generate", "--output", fresh], { cwd: root, stdio: "inherit" });
  const expected = filesBelow(join(fresh, "gen"));
  const committed = filesBelow(join(root, "gen"));
  const paths = new Set([...expected.keys(), ...committed.keys()]);
  const different = [...paths].filter((path) => expected.get(path) !== committed.get(path)).toSorted();
  if (different.length > 0) {
    console.error(`gen/ is not what proto/ generates: ${different.join(", ")}`);
    console.error("Run `npm run proto:generate` and commit the result.");
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
