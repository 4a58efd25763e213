import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../surroundings.ts";

const run = promisify(execFile);

/** Where peers are kept between runs: in no commit, and no dependency of ours. */
const peersFolder = join(import.meta.dirname, "../.peers");

export type PeerInstall =
  /** What starts it, but for its own words. */
  | { readonly kind: "installed"; readonly command: readonly string[]; readonly version: string }
  | { readonly kind: "missing"; readonly why: string };

// LiteLLM's proxy is 750 MB in 150 packages.
const longestInstallMs = 600_000;

/** From npm. */
export function installPortkey(): Promise<PeerInstall> {
  const version = "1.15.2";
  const folder = join(peersFolder, `portkey-${version}`);
  const program = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  const words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder];
  return install(version, program, [process.execPath, program], async () => {
    await runProgram("npm", [...words, `@portkey-ai/gateway@${version}`]);
  });
}

/** From PyPI. */
export function installLiteLlm(): Promise<PeerInstall> {
  const version = "1.108.7";
  const folder = join(peersFolder, `litellm-${version}`);
  const program = join(folder, "bin/litellm");
  return install(version, program, [program], async () => {
    await runProgram("python3", ["-m", "venv", folder]);
    await runProgram(join(folder, "bin/pip"), ["install", "--quiet", `litellm[proxy]==${version}`]);
  });
}

/** Through the Go module proxy. */
export function installBifrost(): Promise<PeerInstall> {
  const version = "v1.3.0";
  const folder = join(peersFolder, `bifrost-${version}`);
  const program = join(folder, "bifrost-http");
  return install(version, program, [program], async () => {
    await runProgram("go", ["install", `github.com/maximhq/bifrost/transports/bifrost-http@${version}`], {
      GOBIN: folder,
    });
  });
}

async function install(
  version: string,
  program: string,
  command: readonly string[],
  fetchIt: () => Promise<void>,
): Promise<PeerInstall> {
  try {
    if (!existsSync(program)) {
      mkdirSync(peersFolder, { recursive: true });
      await fetchIt();
    }
    return { kind: "installed", command, version };
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split("\n") : [];
    return {
      kind: "missing",
      why: `${version} cannot be installed here: ${(lines.at(-1) ?? "").trim().slice(0, 160)}`,
    };
  }
}

async function runProgram(
  name: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const path = name.includes("/") ? name : findProgram(name);
  if (path === undefined) throw new Error(`there is no ${name}`);
  await run(path, [...words], { timeout: longestInstallMs, env: { ...process.env, ...env } });
}
