// `npm run bench`: measures the gateway beside the limit of Node and other gateways, on loopback, in one run.
// `-- --quick` for the development loop, `-- --only unary,streams` for some of it, `-- --peers portkey` or `none`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCores } from "./cores.ts";
import { startListeningProgram } from "./listening-program.ts";
import { machineFacts } from "./machine-facts.ts";
import { readOptions } from "./options.ts";
import type { Findings } from "./report/figures.ts";
import { printFindings } from "./report/print-findings.ts";
import { runScenarios } from "./scenarios/run-scenarios.ts";
import type { Setting } from "./scenarios/setting.ts";
import { startUpstreams } from "./upstream/start-upstreams.ts";

const options = readOptions(process.argv.slice(2));
const cores = findCores();
const folder = mkdtempSync(join(tmpdir(), "switchyard-bench-"));
const started: (() => Promise<void>)[] = [];
/** Tells what was found so far: what is interrupted has found something, too. */
let report = (): void => undefined;
let ending = false;
// Nothing that it starts outlives it, and it ends by itself.
const giveUp = setTimeout(() => void end(1, "the bench took too long"), options.longestMs);
process.on("SIGINT", () => void end(130, "interrupted"));
process.on("SIGTERM", () => void end(143, "interrupted"));

try {
  const upstreams = await startUpstreams(cores?.side, folder);
  started.push(upstreams.stop);
  const collector = await startListeningProgram("upstream/counting-collector.ts", [], {
    core: cores?.side,
    folder,
  });
  started.push(collector.stop);
  const setting: Setting = {
    cores,
    folder,
    upstreams,
    collector: collector.origin,
    ...options.lengths,
    tell: (what) => console.error(what),
  };
  await runScenarios(
    setting,
    options,
    (stop) => started.push(stop),
    (soFar) => {
      report = () => tellFindings(machineFacts(cores, upstreams), soFar);
    },
  );
  await end(0);
} catch (error) {
  console.error(error);
  await end(1);
}

function tellFindings(facts: ReturnType<typeof machineFacts>, findings: Findings): void {
  console.log(`${facts.text}\n\n${printFindings(findings)}`);
  const results = join(import.meta.dirname, "results");
  mkdirSync(results, { recursive: true });
  const file = join(results, `${new Date().toISOString().replaceAll(/[:.]/g, "-")}.json`);
  writeFileSync(file, JSON.stringify({ ...facts, options, ...findings }, null, 2));
  console.log(`\nAll of it: ${file}`);
}

async function end(code: number, why?: string): Promise<never> {
  if (ending) return new Promise(() => undefined);
  ending = true;
  clearTimeout(giveUp);
  if (why !== undefined) console.error(why);
  report();
  for (const stop of started.toReversed()) await stop().catch(() => undefined);
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
