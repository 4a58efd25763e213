import type { ListenerName } from "../config/listeners.ts";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Config } from "../config/config.ts";
import type { Log } from "../telemetry/log.ts";
import { createHandOver } from "./hand-over.ts";
import { watchForHangs } from "./hang-watch.ts";
import { createPeerRelay, type RelayedWorker } from "./peer-relay.ts";
import { createPrimaryKeys } from "./primary-keys.ts";
import { afterWorkerEnd } from "./restart-policy.ts";
import { openSharedPorts } from "./shared-ports.ts";
import { createWorkerEvents, type NamedWorker } from "./worker-events.ts";
import type { FromWorker } from "./worker-messages.ts";
import {
  type ExitReason,
  startWorkerProcess,
  type WorkerCommand,
  type WorkerProcess,
} from "./worker-process.ts";

export interface SuperviseOptions extends WorkerCommand {
  readonly config: Config;
  /** At least one. */
  readonly workers: number;
  readonly log: Log;
}

/** The workers of a gateway, all of which serve. */
export interface Supervised {
  readonly addresses: Readonly<Record<ListenerName, string | undefined>>;
  /** Lets each finish what it is at, and waits until all have ended. False: one of them failed, or had to be killed. */
  readonly drain: () => Promise<boolean>;
  readonly kill: () => void;
  /** Has every worker read its keys and its configuration again. */
  readonly reload: () => void;
  /** Resolves, with what to print, where none could be kept alive. */
  readonly failed: Promise<string>;
}

/** What became of a start. */
export type Supervising =
  | { readonly kind: "serving"; readonly supervised: Supervised }
  | { readonly kind: "refused"; readonly message: string };

interface Worker extends RelayedWorker, NamedWorker {
  readonly process: WorkerProcess;
  readonly startedAt: number;
  readonly place: Place;
  /** Calls under way, as it told last. */
  calls: number;
  phase: "starting" | "serving" | "leaving";
  refusal: string | undefined;
  /** Kills one that takes too long to leave. */
  late: NodeJS.Timeout | undefined;
}

/** What one worker after the other fills. */
interface Place {
  readonly number: number;
  shortLives: number;
  restart: NodeJS.Timeout | undefined;
}

/** Beyond what its drain is allowed: for telemetry and the ledger to be sent. */
const farewellMs = 10_000;

/** The monotonic clock, in milliseconds. */
const now = (): number => performance.now();

/**
 * Starts workers that share the configured ports, and keeps them running: the process that does so takes connections
 * and hands them over unread, passes on what workers tell each other, and serves nobody itself. Resolves once all
 * serve. Rejects where a port cannot be had.
 */
export async function superviseWorkers(options: SuperviseOptions): Promise<Supervising> {
  const { config } = options;
  const events = createWorkerEvents(options.log);
  const longestDrainMs = config.drain.delayMs + config.drain.graceMs + farewellMs;
  const pepper = randomBytes(32);
  const startedAt = Date.now();
  const workers = new Map<number, Worker>();
  const places = Array.from({ length: options.workers }, (_, index): Place => {
    return { number: index + 1, shortLives: 0, restart: undefined };
  });
  const relay = createPeerRelay(() => workers.values(), now);
  const handOver = createHandOver<Socket>({
    send: (worker, listener, socket) => workers.get(worker)?.process.sendConnection(listener, socket),
    release: (socket) => socket.destroy(),
  });
  const ports = await openSharedPorts(config.listen, handOver.give);
  const keys = createPrimaryKeys({ ...options, tell: relay.tell });
  const started = Promise.withResolvers<Supervising>();
  const failed = Promise.withResolvers<string>();
  const allEnded = Promise.withResolvers<void>();
  let stage: "starting" | "serving" | "ending" = "starting";
  let endedWell = true;
  let killed = false;
  let startedWorkers = 0;
  let failedStarts = 0;

  const serving = (): readonly Worker[] => [...workers.values()].filter(({ serves }) => serves());

  const start = (place: Place): void => {
    const id = (startedWorkers += 1);
    place.restart = undefined;
    const process = startWorkerProcess(options, {
      onMessage: (message) => onMessage(worker, message),
      onExit: (reason) => onExit(worker, reason),
    });
    const worker: Worker = {
      id,
      number: place.number,
      pid: process.pid,
      serves: () => worker.phase === "serving",
      send: process.send,
      process,
      startedAt: now(),
      place,
      calls: 0,
      phase: "starting",
      refusal: undefined,
      late: undefined,
    };
    // Before it is one of those that hear what is said from now on.
    const known = relay.known();
    workers.set(id, worker);
    const welcome = { number: place.number, startedAt, config: keys.packed(), pepper, known };
    process.send({ kind: "welcome", ...welcome, addresses: ports.addresses });
  };

  const onMessage = (worker: Worker, message: FromWorker): void => {
    switch (message.kind) {
      case "ready":
        onReady(worker);
        break;
      case "refused":
        worker.refusal = message.message;
        break;
      case "took":
        handOver.took(worker.id, message.taken);
        break;
      case "ended":
        handOver.ended(worker.id, message.connections);
        break;
      case "calls":
        worker.calls = message.underWay;
        break;
      case "closed":
        onClosed(worker, message.listener);
        break;
      case "pong":
        hangs.answered(worker.id);
        break;
      case "key-request":
        void answerOfKeys(worker, message);
        break;
      case "facts":
      case "ask":
      case "answer":
        relay.said(worker, message);
    }
  };

  const answerOfKeys = async (
    { send }: Worker,
    { id, request }: Extract<FromWorker, { readonly kind: "key-request" }>,
  ): Promise<void> => send({ kind: "key-answer", id, answer: await keys.answer(request) });

  const onReady = (worker: Worker): void => {
    worker.phase = "serving";
    failedStarts = 0;
    handOver.join(worker.id, ports.names);
    if (stage !== "starting" || serving().length < places.length) return;
    stage = "serving";
    const { addresses } = ports;
    const supervised = { addresses, drain, kill, reload: keys.reload, failed: failed.promise };
    started.resolve({ kind: "serving", supervised });
  };

  const onClosed = (worker: Worker, listener: ListenerName): void => {
    handOver.close(worker.id, listener);
    if (stage === "ending") ports.close(listener);
    if (worker.phase !== "serving") return;
    worker.phase = "leaving";
    if (stage === "ending") return;
    // By itself, after an exception: that takes as long as its calls do.
    worker.late = setTimeout(worker.process.kill, longestDrainMs);
    events.leaves(worker, refill(worker, true));
  };

  const onExit = (worker: Worker, reason: ExitReason): void => {
    const { id, phase, refusal } = worker;
    workers.delete(id);
    clearTimeout(worker.late);
    const lost = { calls: worker.calls, connections: handOver.leave(id) };
    relay.leave(id);
    if (stage === "ending") {
      if (reason !== 0) endedWell = false;
      if (reason !== 0 && !killed) events.ended(worker, { reason, lost, restartMs: undefined }, undefined);
      if (workers.size === 0) allEnded.resolve();
      return;
    }
    if (phase === "leaving") {
      // Another has its place already, and that it leaves was told.
      if (typeof reason !== "number") events.ended(worker, { reason, lost, restartMs: undefined }, undefined);
      return;
    }
    if (phase === "starting") failedStarts += 1;
    if (stage === "starting" && refusal !== undefined) {
      giveUp(refusal);
      return;
    }
    const restartMs = refill(worker, phase === "serving");
    if (restartMs !== undefined) events.ended(worker, { reason, lost, restartMs }, refusal);
    else giveUp(refusal ?? `error: workers end as soon as they start, the last one with ${reason}`);
  };

  /** Has another take its place. Returns in how many milliseconds; undefined: none will. */
  const refill = ({ startedAt, place }: Worker, served: boolean): number | undefined => {
    const next = afterWorkerEnd({
      served,
      livedMs: now() - startedAt,
      shortLivesBefore: place.shortLives,
      failedStarts,
      othersServe: stage === "serving" && serving().length > 0,
    });
    if (next.kind === "give-up") return undefined;
    place.shortLives = next.lasted ? 0 : place.shortLives + 1;
    if (next.delayMs === 0) start(place);
    else place.restart = setTimeout(start, next.delayMs, place);
    return next.delayMs;
  };

  const giveUp = (message: string): void => {
    const early = stage === "starting";
    kill();
    if (early) started.resolve({ kind: "refused", message });
    else failed.resolve(message);
  };

  const end = (): void => {
    stage = "ending";
    hangs.stop();
    keys.close();
    for (const place of places) clearTimeout(place.restart);
    if (workers.size === 0) allEnded.resolve();
  };

  const killAll = (): void => {
    ports.closeAll();
    handOver.stop();
    for (const { process } of workers.values()) process.kill();
  };

  const kill = (): void => {
    // Whoever asked for it knows.
    killed = true;
    end();
    killAll();
  };

  const drain = async (): Promise<boolean> => {
    end();
    const late = setTimeout(killAll, longestDrainMs);
    for (const { send } of workers.values()) send({ kind: "drain" });
    await allEnded.promise;
    clearTimeout(late);
    ports.closeAll();
    handOver.stop();
    return endedWell;
  };

  const hangs = watchForHangs(() =>
    [...workers.values()].map((worker) => ({
      id: worker.id,
      ping: () => worker.send({ kind: "ping" }),
      onHang: () => {
        events.hangs(worker);
        worker.process.kill();
      },
    })),
  );

  for (const place of places) start(place);
  return started.promise;
}
