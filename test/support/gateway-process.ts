import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePorts } from "./free-ports.ts";

/** The top of this repository. */
export const repository = join(import.meta.dirname, "../..");

export interface ProcessOptions {
  /** What to run; by default `node bin/switchyard.js serve`. */
  readonly command?: readonly string[];
  /** YAML of the config; the shipped catalog serves where it names none. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway in a process of its own, as its users start it. */
export interface GatewayProcess extends AsyncDisposable {
  /** `host:port` by listener name. */
  readonly addresses: Readonly<Record<"connect" | "grpc" | "operator", string>>;
  /** The environment and config it runs with: for commands that should find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Every line of standard output so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly stderr: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** The exit code once it has ended; a signal that killed it is its name. */
  readonly ended: Promise<number | string>;
}

/** Quick to answer and quick to stop. */
export const quickConfig = `
simulator: { firstTokenMs: 1, tokensPerSecond: 0 }
drain: { delayMs: 0, graceMs: 5000 }
`;

/** The environment of a user without any key. */
export function plainEnvironment(): Record<string, string> {
  const { PATH = "", HOME = "/" } = process.env;
  return { PATH: `${join(process.execPath, "..")}:${PATH}`, HOME };
}

/** Starts it on free ports and waits until it is ready. Rejects with what it printed if it ends before. */
export async function startGatewayProcess(options: ProcessOptions = {}): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), "switchyard-e2e-"));
  const file = join(folder, "switchyard.yaml");
  const config = options.config ?? quickConfig;
  // A ledger of its own, unless the config says where.
  const ledger = /^ledger:/m.test(config) ? "" : `\nledger: { path: ${join(folder, "switchyard.db")} }\n`;
  await writeFile(file, config + ledger);
  const env = {
    ...plainEnvironment(),
    SWITCHYARD_CONFIG: file,
    ...freePorts,
    ...options.env,
  };
  const [program = "", ...words] = options.command ?? [process.execPath, "bin/switchyard.js", "serve"];
  // Its own group: what npm starts below itself ends with it.
  const child = spawn(program, words, {
    cwd: repository,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = readOutput(child);
  const ended = endOf(child).finally(() => rm(folder, { recursive: true, force: true }));
  const winner = await Promise.race([output.ready, ended]);
  if (winner !== "ready") {
    throw new Error(`the gateway ended with ${winner}: ${output.stderr()} ${JSON.stringify(output.log)}`);
  }
  const addressOf = (listener: string): string => {
    const line = output.log.find((entry) => entry["event"] === "listening" && entry["listener"] === listener);
    return String(line?.["address"]);
  };
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, name);
  };
  return {
    addresses: {
      connect: addressOf("connect"),
      grpc: addressOf("grpc"),
      operator: addressOf("operator"),
    },
    env,
    log: output.log,
    stderr: output.stderr,
    signal,
    ended,
    [Symbol.asyncDispose]: async () => {
      signal("SIGKILL");
      await ended;
    },
  };
}

interface ProcessOutput {
  readonly log: Record<string, unknown>[];
  readonly stderr: () => string;
  readonly ready: Promise<"ready">;
}

function readOutput({ stdout, stderr }: ChildProcess): ProcessOutput {
  if (stdout === null || stderr === null) throw new Error("the process has no output");
  const log: Record<string, unknown>[] = [];
  let errors = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const { promise: ready, resolve } = Promise.withResolvers<"ready">();
  createInterface({ input: stdout }).on("line", (line) => {
    // npm prints the script's name before the first line of the log.
    if (!line.startsWith("{")) return;
    // A line of the log is an object; a test that needs more looks for itself.
    const entry = JSON.parse(line) as Record<string, unknown>;
    log.push(entry);
    if (entry["event"] === "ready") resolve("ready");
  });
  return { log, stderr: () => errors, ready };
}

async function endOf(child: ChildProcess): Promise<number | string> {
  await once(child, "close");
  return child.exitCode ?? child.signalCode ?? "unknown";
}
