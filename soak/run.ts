// Mixed faults and cancels for minutes, then the question what is left of them. Loopback, bounded, ends by itself.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startFaultyUpstream } from "../test/support/faulty-upstream.ts";
import { anyBehaviour } from "./faults.ts";
import { type Holdings, leftBehind } from "./holdings.ts";
import { type Load, startLoad } from "./load.ts";
import { soakReport } from "./report.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    callers: { type: "string", default: "8" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(
    "npm run soak -- [--seconds 600] [--callers 8] [--write]\n\n" +
      "Calls a gateway of its own, over loopback, with mixed faults and cancels; then compares what its process\n" +
      "holds with what it held after a warm-up. --write puts the figures into docs/soak.md. Exits 1 on a leak.",
  );
  process.exit(0);
}
const seconds = Number(values.seconds);
const callers = Number(values.callers);
if (!(seconds >= 10 && seconds <= 3600) || !(callers >= 1 && callers <= 64)) {
  console.error("--seconds must be from 10 to 3600, --callers from 1 to 64");
  process.exit(2);
}

const key = "soak-key-0123456789-abcdef";
const main = await startFaultyUpstream(() => anyBehaviour(Math.random, 0.2));
const spare = await startFaultyUpstream(() => anyBehaviour(Math.random, 0.05));
const config = `
listen: { connect: "127.0.0.1:0", grpc: "127.0.0.1:0", operator: off }
upstreams:
  main: { baseUrl: "${main.baseUrl}", keys: [{ id: a, env: KEY_A }, { id: b, env: KEY_B }] }
  spare: { baseUrl: "${spare.baseUrl}", keys: [{ id: c, env: KEY_C }] }
models:
  acme/main: { upstreams: [main], price: { inputPerMTok: "1.00", outputPerMTok: "2.00" } }
  acme/spare: { upstreams: [spare], price: { inputPerMTok: "1.00", outputPerMTok: "2.00" } }
tiers: { simple: [acme/main, acme/spare], standard: [acme/main, acme/spare], advanced: [acme/main, acme/spare] }
fallback: { rateLimited: [acme/spare], unavailable: [acme/spare], contextTooLong: [] }
timeouts:
  connectMs: 500
  firstTokenMs: { simple: 200, standard: 200, advanced: 200 }
  idleMs: 200
  tokenIdleMs: 300
  unaryMs: 2000
  streamMs: 5000
retry: { attempts: 5, baseMs: 50, capMs: 500, jitter: full, budgetRatio: 0.1, budgetPerSecond: 5 }
breaker: { windowMs: 5000, minimumRequests: 10, failurePercent: 60, consecutiveFailures: 8, openMs: 100, maxOpenMs: 300 }
drain: { delayMs: 0, graceMs: 2000 }
ledger: { off: true }
simulator: { enabled: false }
`;

const gateway = fork(join(import.meta.dirname, "gateway-under-soak.ts"), {
  execArgv: ["--expose-gc"],
  env: { ...process.env, SOAK_CONFIG: config, KEY_A: `${key}-a`, KEY_B: `${key}-b`, KEY_C: `${key}-c` },
});
let leaving = false;
// Without it there is nothing to wait for.
gateway.on("exit", (code, signal) => {
  if (leaving) return;
  console.error(`the gateway ended with ${code ?? signal}`);
  process.exit(1);
});
const [ready] = (await once(gateway, "message")) as [{ addresses: { connect: string; grpc: string } }];

async function measure(): Promise<Holdings> {
  gateway.send("measure");
  const [message] = (await once(gateway, "message")) as [{ holdings: Holdings }];
  return message.holdings;
}

/** Upstream connections are kept for 20 s; breakers, keys and retries are at rest long before. */
const restMs = 25_000;

async function loaded(forSeconds: number, show: boolean): Promise<Load> {
  const load = startLoad(ready.addresses, callers, Math.random);
  const startedAt = performance.now();
  for (;;) {
    const passed = (performance.now() - startedAt) / 1000;
    if (show) showProgress(Math.min(1, passed / forSeconds), load);
    if (passed >= forSeconds) break;
    await sleep(Math.min(1000, (forSeconds - passed) * 1000 + 1));
  }
  await load.stop();
  await sleep(restMs);
  return load;
}

function showProgress(share: number, { outcomes }: Load): void {
  if (!process.stdout.isTTY) return;
  const calls = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  const bar = "#".repeat(Math.round(share * 30)).padEnd(30, ".");
  process.stdout.write(`\r[${bar}] ${Math.round(share * 100)} %, ${calls} calls`);
  if (share === 1) process.stdout.write("\n");
}

console.log("warm-up: 10 s of the same load, and rest");
await loaded(10, false);
const before = await measure();
console.log(`soak: ${seconds} s, ${callers} callers on each listener, then ${restMs / 1000} s of rest`);
const load = await loaded(seconds, true);
const after = await measure();
const left = leftBehind(before, after);
const report = soakReport({
  seconds,
  callers,
  before,
  after,
  left,
  outcomes: load.outcomes,
  upstreamRequests: main.requests.length + spare.requests.length,
  upstreamConnections: main.openConnections() + spare.openConnections(),
});
console.log(report);
if (values.write) writeFileSync(join(import.meta.dirname, "../docs/soak.md"), report);
leaving = true;
gateway.send("drain");
await once(gateway, "exit");
await main.close();
await spare.close();
process.exitCode = left.length === 0 ? 0 : 1;
