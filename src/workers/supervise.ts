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

interface Worker extends RelayedWorker {
  readonly process: WorkerProcess;
  readonly startedAt: number;
  readonly place: Place;
  phase: "starting" | "serving" | "leaving";
  refusal: string | undefined;
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
  const { config, log } = options;
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
      serves: () => worker.phase === "serving",
      send: process.send,
      process,
      startedAt: now(),
      place,
      phase: "starting",
      refusal: undefined,
    };
    // Before it is one of those that hear what is said from now on.
    const known = relay.known();
    workers.set(id, worker);
    const { addresses } = ports;
    const { number } = place;
    process.send({
      kind: "welcome",
      number,
      startedAt,
      config: keys.packed(),
      pepper,
      addresses,
      known,
    });
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
    started.resolve({
      kind: "serving",
      supervised: { addresses, drain, kill, reload: keys.reload, failed: failed.promise },
    });
  };

  const onClosed = (worker: Worker, listener: ListenerName): void => {
    handOver.close(worker.id, listener);
    if (stage === "ending") ports.close(listener);
    if (worker.phase !== "serving") return;
    worker.phase = "leaving";
    // By itself, after an exception: that takes as long as its calls do.
    if (stage !== "ending") start(worker.place);
  };

  const onExit = (worker: Worker, reason: ExitReason): void => {
    const { id, phase, process, place } = worker;
    workers.delete(id);
    handOver.leave(id);
    relay.leave(id);
    if (stage === "ending") {
      if (reason !== 0) endedWell = false;
      if (workers.size === 0) allEnded.resolve();
      return;
    }
    // Another has its place already.
    if (phase === "leaving") return;
    const served = phase === "serving";
    if (!served) failedStarts += 1;
    if (stage === "starting" && worker.refusal !== undefined) {
      giveUp(worker.refusal);
      return;
    }
    const next = afterWorkerEnd({
      served,
      livedMs: now() - worker.startedAt,
      shortLivesBefore: place.shortLives,
      failedStarts,
      othersServe: stage === "serving" && serving().length > 0,
    });
    if (next.kind === "give-up") {
      giveUp(worker.refusal ?? `error: workers end as soon as they start, the last one with ${reason}`);
      return;
    }
    place.shortLives = next.lasted ? 0 : place.shortLives + 1;
    const { delayMs } = next;
    log.error(
      { event: "worker-ended", worker: place.number, worker_pid: process.pid, reason, restart_ms: delayMs },
      worker.refusal ?? "a worker ended, and its calls with it; another takes its place",
    );
    if (delayMs === 0) start(place);
    else place.restart = setTimeout(start, delayMs, place);
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

  const kill = (): void => {
    end();
    ports.closeAll();
    handOver.stop();
    for (const { process } of workers.values()) process.kill();
  };

  const drain = async (): Promise<boolean> => {
    end();
    const { delayMs, graceMs } = config.drain;
    const late = setTimeout(kill, delayMs + graceMs + farewellMs);
    for (const { send } of workers.values()) send({ kind: "drain" });
    await allEnded.promise;
    clearTimeout(late);
    ports.closeAll();
    handOver.stop();
    return endedWell;
  };

  const hangs = watchForHangs(() =>
    serving().map(({ id, number, process }) => ({
      id,
      ping: () => process.send({ kind: "ping" }),
      onHang: () => {
        log.error(
          { event: "worker-hangs", worker: number, worker_pid: process.pid },
          "a worker hangs: it is killed",
        );
        process.kill();
      },
    })),
  );

  for (const place of places) start(place);
  return started.promise;
}
