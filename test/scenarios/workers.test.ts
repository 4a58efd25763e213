// Real processes: what a worker's death costs, and whom.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Behaviour, type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { freePorts } from "../support/free-ports.ts";
import { plainEnvironment, quickConfig, repository } from "../support/gateway-process.ts";
import { answers, chunkEvent, httpChunk, httpResponse, wholeEvents } from "../support/upstream-behaviours.ts";
import {
  hello,
  oneUpstream,
  startWorkerGateway,
  type WorkerClient,
  type WorkerGateway,
} from "../support/worker-gateway.ts";

const twoWorkers = `${quickConfig}\nworkers: 2\n`;
const patient = { timeout: 20_000 };

const folder = mkdtempSync(join(tmpdir(), "switchyard-workers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function events({ process }: WorkerGateway, event: string): readonly Readonly<Record<string, unknown>>[] {
  return process.log.filter((line) => line["event"] === event);
}

/** A program that runs in every process before ours. */
function preload(code: string): Readonly<Record<string, string>> {
  const file = join(folder, "preload.cjs");
  writeFileSync(file, code);
  return { NODE_OPTIONS: `--require=${file}` };
}

/** Content, then nothing until the gate opens, then the rest. */
function streamsUntil(gate: Promise<void>): Behaviour {
  return {
    name: "streams until it may end",
    answer: async (exchange) => {
      await exchange.write(
        httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
      );
      await exchange.write(httpChunk(chunkEvent({ content: "first" })));
      await gate;
      for (const event of wholeEvents()) await exchange.write(httpChunk(event));
      await exchange.write(httpChunk(""));
    },
  };
}

/** Reads a stream to its end. Resolves `started` with its first content. */
function readStream({ client }: WorkerClient): {
  readonly started: Promise<void>;
  readonly ended: Promise<"finished" | "truncated" | Code>;
} {
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const read = async (): Promise<"finished" | "truncated" | Code> => {
    let finished = false;
    try {
      for await (const { event } of client.chatStream({ input: hello })) {
        if (event.case === "delta") resolve();
        finished = event.case === "finished";
      }
      return finished ? "finished" : "truncated";
    } catch (error) {
      return ConnectError.from(error).code;
    }
  };
  return { started, ended: read() };
}

describe("a gateway with two workers", () => {
  it("tells of each listener once, then once that it is ready, and of its warnings once", async () => {
    await using gateway = await startWorkerGateway({ config: twoWorkers });
    expect(events(gateway, "listening").map(({ listener }) => listener)).toEqual([
      "connect",
      "grpc",
      "operator",
    ]);
    expect(events(gateway, "ready")).toHaveLength(1);
    expect(events(gateway, "ready")[0]).not.toHaveProperty("worker");
    const warnings = events(gateway, "config").map(({ msg }) => msg);
    expect(new Set(warnings).size).toBe(warnings.length);
  });

  it("shares each listener's one port between them, and spreads connections evenly", async () => {
    await using gateway = await startWorkerGateway({ config: twoWorkers });
    const served = [];
    for (let n = 0; n < 6; n++) served.push((await gateway.connect()).worker);
    expect(served.filter((worker) => worker === 1)).toHaveLength(3);
    expect(served.filter((worker) => worker === 2)).toHaveLength(3);
    const { connect, operator } = gateway.process.addresses;
    for (const path of [`http://${connect}/livez`, `http://${operator}/livez`]) {
      expect((await fetch(path)).status).toBe(200);
    }
  });

  it("opens no listener that is off", async () => {
    await using gateway = await startWorkerGateway({
      config: twoWorkers,
      env: { SWITCHYARD_LISTEN_CONNECT: "off", SWITCHYARD_LISTEN_OPERATOR: "off" },
    });
    expect(events(gateway, "listening").map(({ listener }) => listener)).toEqual(["grpc"]);
    expect(await gateway.callers()).toHaveLength(2);
  });

  it("is one process where it has one worker", async () => {
    await using gateway = await startWorkerGateway({ config: `${quickConfig}\nworkers: 1\n` });
    await gateway.connect();
    expect(new Set(gateway.process.log.map(({ pid }) => pid)).size).toBe(1);
    expect(gateway.process.log.some((line) => "worker" in line)).toBe(false);
  });
});

describe("a worker that ends", () => {
  let upstream: FaultyUpstream;
  let open: () => void;
  beforeEach(async () => {
    const gate = Promise.withResolvers<void>();
    open = gate.resolve;
    upstream = await startFaultyUpstream((_, request) =>
      request.json()["stream"] === true ? streamsUntil(gate.promise) : answers(),
    );
  });
  afterEach(() => upstream.close());

  it("loses its own calls alone where it is killed, and another takes its place and number", async () => {
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n");
    await using gateway = await startWorkerGateway({ config });
    const [first, second] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    const lost = readStream(first);
    const kept = readStream(second);
    await Promise.all([lost.started, kept.started]);
    // It tells several times a second how many are under way, and answers later than that.
    await sleep(1_000);
    await second.client.health({});

    process.kill(first.pid, "SIGKILL");
    expect([Code.Aborted, Code.Unavailable, Code.Internal, Code.Canceled]).toContain(await lost.ended);
    // The other one serves on, new connections too, while there is nobody else.
    expect((await second.chat()).error).toBeUndefined();
    expect((await (await gateway.connect()).chat()).error).toBeUndefined();
    open();
    expect(await kept.ended).toBe("finished");

    await expect.poll(() => events(gateway, "worker-ended"), patient).toHaveLength(1);
    expect(events(gateway, "worker-ended")[0]).toMatchObject({
      worker: 1,
      worker_pid: first.pid,
      reason: "SIGKILL",
      lost_calls: 1,
    });
    expect(events(gateway, "worker-ended")[0]?.["lost_connections"]).toBeGreaterThan(0);
    const [next, same] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    expect(next.worker).toBe(1);
    expect(next.pid).not.toBe(first.pid);
    expect(same.pid).toBe(second.pid);
    expect((await next.chat()).error).toBeUndefined();
    expect(events(gateway, "ready")).toHaveLength(1);
  }, 60_000);

  it("leaves after an exception once its calls are done, and is replaced later where it has not lasted", async () => {
    const env = preload(
      'if (process.argv.includes("worker")) process.on("SIGUSR2", () => { throw new Error("bug"); });',
    );
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n");
    await using gateway = await startWorkerGateway({ config, env });
    const [first] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    const stream = readStream(first);
    await stream.started;
    process.kill(first.pid, "SIGUSR2");
    await expect.poll(() => events(gateway, "worker-leaves"), patient).toHaveLength(1);
    const [next] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    expect(next.pid).not.toBe(first.pid);
    process.kill(next.pid, "SIGUSR2");
    await expect.poll(() => events(gateway, "worker-leaves"), patient).toHaveLength(2);
    open();
    expect(await stream.ended).toBe("finished");
    expect(events(gateway, "worker-ended")).toHaveLength(0);
    // At once where the machine is so slow that one had lasted.
    const waits = events(gateway, "worker-leaves").map(({ restart_ms }) => Number(restart_ms));
    expect(Math.max(...waits)).toBeGreaterThan(0);
  }, 60_000);

  it("costs no connection that is made while there is no worker at all", async () => {
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n");
    await using gateway = await startWorkerGateway({ config });
    const [first, second] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    process.kill(first.pid, "SIGKILL");
    process.kill(second.pid, "SIGKILL");
    const waiting = await Promise.all(Array.from({ length: 8 }, () => gateway.connect()));
    const answered = await Promise.all(waiting.map(({ chat }) => chat()));
    expect(answered.map(({ error }) => error)).toEqual(Array(8).fill(undefined));
    expect(waiting.map(({ pid }) => pid)).not.toContain(first.pid);
    expect(waiting.map(({ pid }) => pid)).not.toContain(second.pid);
  }, 60_000);

  it("breaks no connection of the others under a storm of connections, and leaves none hanging", async () => {
    await using gateway = await startWorkerGateway({ config: twoWorkers });
    const [first] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    const url = `http://${gateway.process.addresses.connect}/livez`;
    let failed = 0;
    let answered = 0;
    const state = { stop: false };
    const knock = async (): Promise<void> => {
      while (!state.stop) {
        try {
          const response = await fetch(url, {
            headers: { connection: "close" },
            signal: AbortSignal.timeout(15_000),
          });
          await response.text();
          answered += 1;
        } catch {
          failed += 1;
        }
      }
    };
    const knocking = Array.from({ length: 8 }, knock);
    await expect.poll(() => answered, patient).toBeGreaterThan(200);
    process.kill(first.pid, "SIGKILL");
    const before = answered;
    await expect.poll(() => answered, patient).toBeGreaterThan(before + 200);
    state.stop = true;
    await Promise.all(knocking);
    // Those that it had: at most each caller's one.
    expect(failed).toBeLessThanOrEqual(8);
  }, 60_000);
});

describe("the end of a gateway with workers", () => {
  let upstream: FaultyUpstream;
  afterEach(() => upstream.close());

  it("drains every worker at SIGTERM, and ends with 0", async () => {
    const gate = Promise.withResolvers<void>();
    upstream = await startFaultyUpstream(() => streamsUntil(gate.promise));
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n");
    await using gateway = await startWorkerGateway({ config });
    const streams = (await gateway.callers()).map(readStream);
    await Promise.all(streams.map(({ started }) => started));
    gateway.process.signal("SIGTERM");
    // Nobody new is let in, and nobody is cut off.
    const [host = "", port] = gateway.process.addresses.grpc.split(":");
    await expect.poll(() => isOpen(host, Number(port)), patient).toBe(false);
    gate.resolve();
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(["finished", "finished"]);
    expect(await gateway.process.ended).toBe(0);
    expect(events(gateway, "stopping")).toHaveLength(1);
    expect(events(gateway, "worker-ended")).toHaveLength(0);
  }, 60_000);

  it("is at once, with 1, at a second signal, and no worker outlives it", async () => {
    upstream = await startFaultyUpstream(() => answers());
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n").replace(
      /^drain:.*$/m,
      "drain: { delayMs: 60000, graceMs: 60000 }",
    );
    await using gateway = await startWorkerGateway({ config });
    const pids = (await gateway.callers()).map(({ pid }) => pid);
    gateway.process.signal("SIGTERM");
    await expect.poll(() => events(gateway, "stopping"), patient).toHaveLength(1);
    gateway.process.signal("SIGTERM");
    expect(await gateway.process.ended).toBe(1);
    await expect.poll(() => pids.filter(isAlive), patient).toEqual([]);
  }, 60_000);

  it("takes the workers with it where the primary is killed, once their calls are done", async () => {
    const gate = Promise.withResolvers<void>();
    upstream = await startFaultyUpstream(() => streamsUntil(gate.promise));
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n");
    await using gateway = await startWorkerGateway({ config });
    const callers = await gateway.callers();
    const streams = callers.map(readStream);
    await Promise.all(streams.map(({ started }) => started));
    process.kill(Number(events(gateway, "ready")[0]?.["pid"]), "SIGKILL");
    gate.resolve();
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(["finished", "finished"]);
    await expect.poll(() => callers.map(({ pid }) => pid).filter(isAlive), patient).toEqual([]);
  }, 60_000);
});

describe("a start with workers that fails", () => {
  function serve(env: Readonly<Record<string, string>>): { code: number | null; stderr: string } {
    const words = [join(repository, "bin/switchyard.js"), "serve", "--workers", "2"];
    const { status, stderr } = spawnSync(process.execPath, words, {
      cwd: folder,
      env: {
        ...plainEnvironment(),
        ...freePorts,
        ...env,
      },
      encoding: "utf8",
      timeout: 50_000,
    });
    return { code: status, stderr };
  }

  it("says once that a port is taken, and ends with 1", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const bound = other.address();
    const taken = bound !== null && typeof bound === "object" ? `127.0.0.1:${bound.port}` : "";
    const { code, stderr } = serve({ SWITCHYARD_LISTEN_GRPC: taken });
    expect(code).toBe(1);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    expect(stderr).toContain(`cannot open the grpc listener at ${taken}: another program listens there`);
    other.close();
  });

  it("lists the problems of a bad config once, and ends with 1", () => {
    const { code, stderr } = serve({ SWITCHYARD_LOG_LEVEL: "loud" });
    expect(code).toBe(1);
    expect(stderr.match(/SWITCHYARD_LOG_LEVEL/g)).toHaveLength(1);
  });

  it("says once what keeps its workers from starting, and ends with 1", () => {
    writeFileSync(join(folder, "switchyard.db"), "Dear diary, ".repeat(1000));
    const { code, stderr } = serve({});
    expect(code).toBe(1);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    expect(stderr).toMatch(/^error: .*switchyard\.db is not a database/m);
    rmSync(join(folder, "switchyard.db"));
  });

  it("ends with 1 where its workers die as soon as they start, again and again", () => {
    const { code, stderr } = serve(preload('if (process.argv.includes("worker")) process.exit(7);'));
    expect(code).toBe(1);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    expect(stderr).toContain("workers end as soon as they start, the last one with 7");
  }, 60_000);

  it("goes on serving with the workers that it has where a place cannot be filled again", async () => {
    const flag = join(folder, "broken");
    const env = preload(
      `if (process.argv.includes("worker") && require("node:fs").existsSync(${JSON.stringify(flag)})) process.exit(7);`,
    );
    await using gateway = await startWorkerGateway({ config: twoWorkers, env });
    const [first, second] = (await gateway.callers()) as [WorkerClient, WorkerClient];
    writeFileSync(flag, "");
    process.kill(first.pid, "SIGKILL");
    await expect.poll(() => events(gateway, "worker-ended").length, patient).toBeGreaterThan(5);
    expect((await gateway.connect()).pid).toBe(second.pid);
    rmSync(flag);
    await expect.poll(async () => (await gateway.connect()).worker, { timeout: 30_000 }).toBe(1);
    gateway.process.signal("SIGTERM");
    expect(await gateway.process.ended).toBe(0);
  }, 90_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isOpen(host: string, port: number): Promise<boolean> {
  try {
    await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return !(cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED");
  }
}
