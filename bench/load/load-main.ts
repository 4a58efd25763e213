// One load, in a process of its own so that it can have a core of its own. Its task is its argument, as JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { processUsage } from "../process-usage.ts";
import { createHttp1Sender } from "./http1-sender.ts";
import { createHttp2Sender } from "./http2-sender.ts";
import { createLoadCounter, type LoadCounter } from "./load-counter.ts";
import type { LoadLine, LoadTask } from "./load-task.ts";
import type { Sender } from "./sender.ts";
import { createWire, type Wire } from "./wire.ts";

// Whoever started it is gone: so is its reason.
process.stdout.on("error", () => process.exit(1));

const task = JSON.parse(process.argv[2] ?? "") as LoadTask;
const { target, connections } = task;
const made = createWire(target.wire, target.model, target.headers);
const wire: Wire = { ...made, path: `${target.basePath ?? ""}${made.path}` };
const sender = (target.http === 2 ? createHttp2Sender : createHttp1Sender)(target.origin, connections);
const counter = createLoadCounter(task.kind !== "saturate");
/** Read here and not by whoever hears the marks, who on a busy machine hears them late. */
const usedSoFar = (): number => processUsage(task.subject ?? 0)?.cpuSeconds ?? Number.NaN;
let usedBefore = Number.NaN;
let coreSeconds: number | undefined;

switch (task.kind) {
  case "saturate":
    await saturate(sender, wire, counter, task);
    break;
  case "pace":
    await pace(sender, wire, counter, task);
    break;
  case "hold":
    await hold(sender, wire, counter, task);
}
tell({
  mark: "result",
  result: { ...counter.result(), ...(coreSeconds === undefined ? {} : { coreSeconds }) },
});
sender.close();

async function call(sender: Sender, wire: Wire, counter: LoadCounter, sentAt: number): Promise<void> {
  try {
    counter.answered(wire, await sender.send(wire), sentAt);
  } catch (error) {
    counter.broke(error);
    // Where nobody listens every request breaks at once, and a lane that goes on would stop the clock.
    await sleep(20);
  }
}

async function saturate(
  sender: Sender,
  wire: Wire,
  counter: LoadCounter,
  { lanes, leadMs, ms }: Extract<LoadTask, { kind: "saturate" }>,
): Promise<void> {
  const untilStopped = new AbortController();
  const lane = async (): Promise<void> => {
    while (!untilStopped.signal.aborted) await call(sender, wire, counter, 0);
  };
  const running = Array.from({ length: lanes }, lane);
  await sleep(leadMs);
  begin(counter);
  await sleep(ms);
  end(counter);
  untilStopped.abort();
  await ended(running);
}

/** Sent by the clock and not by the answers; timed from the sending, because a late timer is our own fault. */
async function pace(
  sender: Sender,
  wire: Wire,
  counter: LoadCounter,
  { perSecond, leadMs, ms }: Extract<LoadTask, { kind: "pace" }>,
): Promise<void> {
  const lead = createLoadCounter(false);
  const calls: Promise<void>[] = [];
  const startedAt = performance.now();
  const leadCalls = Math.round((leadMs / 1000) * perSecond);
  const allCalls = leadCalls + Math.round((ms / 1000) * perSecond);
  for (let number = 0; number < allCalls; number++) {
    const early = startedAt + (number * 1000) / perSecond - performance.now();
    if (early > 0) await sleep(early);
    if (number === leadCalls) begin(counter);
    calls.push(call(sender, wire, number < leadCalls ? lead : counter, performance.now()));
  }
  await ended(calls);
  end(counter);
}

async function hold(
  sender: Sender,
  wire: Wire,
  counter: LoadCounter,
  { streams, ms }: Extract<LoadTask, { kind: "hold" }>,
): Promise<void> {
  begin(counter);
  const opened: Promise<void>[] = [];
  for (let number = 0; number < streams; number++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    opened.push(promise);
    void sender
      .send(wire, resolve)
      // Without a first byte it was refused, or failed.
      .then((received) => counter.answered(wire, received, 0))
      .catch(counter.broke)
      .finally(resolve);
    // As callers come: a burst of all at once measures the accept queue.
    if (number % 10 === 9) await sleep(5);
  }
  await Promise.all(opened);
  tell({ mark: "held" });
  await sleep(ms);
  end(counter);
}

/** Resolves once all have ended, or after five seconds. */
async function ended(calls: readonly Promise<void>[]): Promise<void> {
  // A timer that held the process would add its five seconds to every load.
  await Promise.race([Promise.all(calls), sleep(5000, undefined, { ref: false })]);
}

function begin(counter: LoadCounter): void {
  usedBefore = usedSoFar();
  counter.begin();
  tell({ mark: "begin" });
}

function end(counter: LoadCounter): void {
  counter.end();
  const used = usedSoFar() - usedBefore;
  coreSeconds = used > 0 ? used : undefined;
  tell({ mark: "end" });
}

function tell(line: LoadLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
