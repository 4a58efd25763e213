import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeLines, importsOf, type SourceFile, sourceFiles } from "./support/source-scan.ts";

// The import table. A folder may import what stands in its row; `node` is what Node brings. The arrows follow
// a call (rpc → admission → routing → attempt → upstream), and nothing points back up.
const arrows: Readonly<Record<string, readonly string[]>> = {
  routing: ["routing"],
  config: ["config", "routing", "node"],
  upstream: ["upstream", "routing", "config", "gen", "node"],
  telemetry: ["telemetry", "routing", "config", "node"],
  attempt: ["attempt", "routing", "upstream", "telemetry", "config", "gen", "node"],
  admission: ["admission", "routing", "config", "telemetry", "node"],
  ledger: ["ledger", "routing", "config", "telemetry", "node"],
  rpc: ["rpc", "admission", "attempt", "upstream", "routing", "ledger", "telemetry", "config", "gen", "node"],
  simulator: ["simulator", "config", "node"],
  workers: ["workers", "rpc", "admission", "attempt", "upstream", "ledger", "telemetry", "config", "node"],
  cli: [
    "cli",
    "config",
    "routing",
    "upstream",
    "telemetry",
    "workers",
    "gen",
    "gateway.ts",
    "package.json",
    "node",
  ],
  "main.ts": ["cli", "package.json", "node"],
  // The composition root: it knows every folder, and no package.
  "gateway.ts": [
    "admission",
    "attempt",
    "config",
    "ledger",
    "routing",
    "rpc",
    "simulator",
    "telemetry",
    "upstream",
    "workers",
    "gen",
    "node",
  ],
};

// Each third-party package, or scope, has its owners; the Protobuf runtime follows gen.
const owners: Readonly<Record<string, readonly string[]>> = {
  "@bufbuild": ["upstream", "attempt", "rpc", "cli"],
  "@connectrpc": ["rpc", "cli"],
  "@grpc": ["rpc", "cli"],
  "@opentelemetry": ["telemetry"],
  commander: ["cli", "main.ts"],
  "grpc-health-check": ["rpc"],
  openai: ["upstream"],
  opossum: ["attempt"],
  pg: ["ledger"],
  pino: ["telemetry"],
  undici: ["upstream"],
  yaml: ["config"],
  zod: ["config"],
};

/** The only places that may read the environment; everyone else is handed what it says. */
const environmentReaders = /^src\/(?:cli\/|main\.ts$)/;

const root = join(import.meta.dirname, "..");
const files = sourceFiles(root, "src");

/** Every arrow that the tables do not allow, as `src/routing/plan.ts → upstream`. */
function wrongArrows(scanned: readonly SourceFile[]): readonly string[] {
  return scanned.flatMap((file) => {
    const from = file.path.split("/")[1] ?? "";
    const allowed = arrows[from] ?? [];
    return importsOf(file)
      .filter((target) => !allowed.includes(target) && owners[target]?.includes(from) !== true)
      .map((target) => `${file.path} → ${target}`);
  });
}

/** Every line of code that fits, as `src/a.ts:3`. */
function linesWith(pattern: RegExp, scanned: readonly SourceFile[]): readonly string[] {
  return scanned.flatMap((file) =>
    codeLines(file).flatMap(({ number, text }) => (pattern.test(text) ? [`${file.path}:${number}`] : [])),
  );
}

function linesOf(pattern: RegExp, text: string): readonly string[] {
  return linesWith(pattern, [{ path: "a.ts", text }]);
}

const defaultExport = /^\s*export\s+default\b|\bas\s+default\b/;
const environmentRead =
  /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|\benv\b.*["']node:process["']|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/;
// The scan reads texts: an import whose target is computed would escape it.
const computedImport = /\b(?:import|require)\(\s*[^"'\s)]/;

describe("the source tree", () => {
  it("has files in it to look at", () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it("has only imports that the tables allow", () => {
    expect(wrongArrows(files)).toEqual([]);
  });

  it("has no default export, so that a thing has one name everywhere", () => {
    // A .d.ts declares what a package exports, not what we do.
    const ours = files.filter(({ path }) => !path.endsWith(".d.ts"));
    expect(linesWith(defaultExport, ours)).toEqual([]);
  });

  it("reads the environment in the command line alone", () => {
    const others = files.filter(({ path }) => !environmentReaders.test(path));
    expect(linesWith(environmentRead, others)).toEqual([]);
  });

  it("has no import whose target is computed", () => {
    expect(linesWith(computedImport, files)).toEqual([]);
  });
});

describe("the guard itself", () => {
  const planted: readonly { path: string; text: string; expected: readonly string[] }[] = [
    {
      path: "src/routing/plan.ts",
      text: 'import { x } from "../upstream/upstream.ts";',
      expected: ["upstream"],
    },
    { path: "src/routing/plan.ts", text: 'import type { X } from "../../gen/a_pb.ts";', expected: ["gen"] },
    { path: "src/routing/plan.ts", text: 'import { hash } from "node:crypto";', expected: ["node"] },
    {
      path: "src/routing/plan.ts",
      text: 'import {\n  x,\n  y,\n} from "../config/config.ts";',
      expected: ["config"],
    },
    { path: "src/attempt/run.ts", text: 'import "../rpc/rpc-error.ts";', expected: ["rpc"] },
    { path: "src/attempt/run.ts", text: 'export { x } from "../gateway.ts";', expected: ["gateway.ts"] },
    { path: "src/attempt/run.ts", text: 'const x = await import("../cli/serve.ts");', expected: ["cli"] },
    { path: "src/attempt/run.ts", text: 'let x: import("openai").OpenAI;', expected: ["openai"] },
    {
      path: "src/rpc/a.ts",
      text: 'import OpenAI from "openai";\nimport { z } from "zod/v4";',
      expected: ["openai", "zod"],
    },
    {
      path: "src/rpc/a.ts",
      text: 'import { trace } from "@opentelemetry/api";',
      expected: ["@opentelemetry"],
    },
    { path: "src/gateway.ts", text: 'import { Agent } from "undici";', expected: ["undici"] },
    { path: "src/rpc/a.ts", text: 'import { x } from "left-pad";', expected: ["left-pad"] },
    {
      path: "src/rpc/a.ts",
      text: 'import { x } from "../../test/support/x.ts";',
      expected: ["test/support/x.ts"],
    },
    {
      path: "src/routing/deep/a.ts",
      text: 'import { x } from "../../upstream/upstream.ts";',
      expected: ["upstream"],
    },
    { path: "src/newcomer/a.ts", text: 'import { x } from "../routing/plan.ts";', expected: ["routing"] },
  ];
  for (const { path, text, expected } of planted) {
    it(`reports ${JSON.stringify(text)} in ${path}`, () => {
      expect(wrongArrows([{ path, text }])).toEqual(expected.map((target) => `${path} → ${target}`));
    });
  }

  it("lets the arrows of the tables pass, and imports in comments", () => {
    const text = [
      'import { z } from "zod";',
      'import { readFileSync } from "node:fs";',
      'import type { TierName } from "../routing/catalog.ts";',
      ' * import { x } from "../rpc/rpc-error.ts";',
      '// import { x } from "../rpc/rpc-error.ts";',
    ].join("\n");
    expect(wrongArrows([{ path: "src/config/a.ts", text }])).toEqual([]);
  });

  it("reports default exports, reads of the environment and computed imports", () => {
    for (const text of ["export default 1;", "export { a as default };"]) {
      expect(linesOf(defaultExport, text)).toEqual(["a.ts:1"]);
    }
    for (const text of [
      "process.env.X",
      'process["env"]',
      "const { env } = process;",
      'import { env } from "node:process";',
    ]) {
      expect(linesOf(environmentRead, `\n${text}`)).toEqual(["a.ts:2"]);
    }
    expect(linesOf(environmentRead, "// never process.env\n/** process.env */")).toEqual([]);
    expect(linesOf(computedImport, "await import(`../${name}.ts`);")).toEqual(["a.ts:1"]);
  });
});
