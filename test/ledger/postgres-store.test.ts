import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { attemptRow } from "../../src/ledger/attempt-row.ts";
import { createBatchingLedger } from "../../src/ledger/batching-ledger.ts";
import type { LedgerEvents } from "../../src/ledger/ledger-events.ts";
import { migrations } from "../../src/ledger/migrations.ts";
import { createPostgresStore } from "../../src/ledger/postgres-store.ts";
import type { LedgerStore } from "../../src/ledger/store.ts";
import { attemptRecord } from "../support/ledger-samples.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { postgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { always, append, countOf, done, holdsStoreContract } from "../support/store-contract.ts";

describe.skipIf(!postgres.present)(postgres.title("a ledger in PostgreSQL"), () => {
  let server: PostgresServer;
  const opened: LedgerStore[] = [];
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const open = (url: string): LedgerStore => {
    const store = createPostgresStore(url);
    opened.push(store);
    return store;
  };

  holdsStoreContract(async () => open(await server.freshDatabase()));

  it("makes its schema once, however many replicas start at the same time", async () => {
    const url = await server.freshDatabase();
    const replicas = Array.from({ length: 5 }, () => open(url));
    await Promise.all(
      replicas.map((store, index) => append(store, [attemptRecord({ decisionId: `PROD_${index}` })])),
    );
    expect(await countOf(replicas[0]!)).toBe(5);
  });

  it("keeps notes that every replica reads, the last one of each name", async () => {
    const url = await server.freshDatabase();
    const [one, other] = [open(url).notes!, open(url).notes!];
    expect(await one.read("canary")).toEqual({ kind: "done", value: undefined });
    await one.write("canary", "first");
    await other.write("canary", "second: 한국어 \u{1F600}");
    expect(await one.write("other", "third")).toMatchObject({ kind: "done" });
    expect(await one.read("canary")).toEqual({ kind: "done", value: "second: 한국어 \u{1F600}" });
    expect(await other.read("other")).toEqual({ kind: "done", value: "third" });
  });

  it("does not touch what a newer version wrote", async () => {
    const url = await server.freshDatabase();
    done(await open(url).append([]));
    await withClient(url, (client) =>
      client.query("INSERT INTO switchyard_migrations VALUES ($1, 'later', 0)", [migrations.length + 1]),
    );
    expect(await open(url).append([attemptRow(attemptRecord())])).toMatchObject({
      kind: "failed",
      problem: { code: "LEDGER_REFUSED" },
    });
  });

  it("says what is wrong without the credentials or the server's own words", async () => {
    const url = new URL(await server.freshDatabase());
    url.password = "hunter2-hunter2";
    url.pathname = "/nowhere";
    const store = open(url.href);
    const result = await store.append([]);
    expect(result).toEqual({
      kind: "failed",
      problem: { code: "3D000", message: "the ledger's database does not exist" },
    });
    expect(store.place).toBe(`postgres://${url.host}/nowhere`);
  });

  it("is a problem while the server is away, and goes on once it is back, with all records once", async () => {
    const store = open(await server.freshDatabase());
    const clock = createManualClock();
    const told: string[] = [];
    const events: LedgerEvents = {
      written: (records) => told.push(`written ${records}`),
      failed: ({ code }) => told.push(`failed ${code}`),
      dropped: () => told.push("dropped"),
      closed: (lost) => told.push(`lost ${lost}`),
    };
    const ledger = createBatchingLedger({ store, events, setTimer: clock.setTimer, observe: () => () => {} });
    const record = (from: number, to: number): void => {
      for (let number = from; number < to; number++) {
        ledger.record(attemptRecord({ decisionId: `PROD_${number}` }));
      }
    };
    record(0, 100);
    expect(await ledger.report(always)).toMatchObject({ kind: "report" });

    await server.kill();
    record(100, 2_000);
    // A connection's own process notices the end of its server a moment later.
    await expect
      .poll(async () => (await ledger.report(always)).kind, { timeout: 15_000 })
      .toBe("unavailable");
    expect(told.at(-1)).toMatch(/^failed (?:ECONNREFUSED|57P01|ECONNRESET|UNREACHABLE)$/);

    await server.start();
    // The first answer may still be of a connection that the server's end left behind.
    await expect
      .poll(async () => (await ledger.report(always)).kind, { timeout: 15_000, interval: 100 })
      .toBe("report");
    expect(await countOf(store)).toBe(2_000);
    await ledger.close();
    expect(told.at(-1)).toBe("lost 0");
  }, 60_000);

  it("finds a server that comes later than the gateway, and outlives one that goes while nobody asks", async () => {
    const url = await server.freshDatabase();
    await server.kill();
    const store = open(url);
    expect(await store.append([])).toMatchObject({ kind: "failed" });
    await server.start();
    await append(store, [attemptRecord({ number: 1 })]);

    await server.kill();
    // Time to hear of it: an error that nobody listens to would end the process.
    await sleep(300);
    expect(await store.append([])).toMatchObject({ kind: "failed", problem: { code: "ECONNREFUSED" } });
    await server.start();
    await append(store, [attemptRecord({ number: 2 })]);
    expect(await countOf(store)).toBe(2);
  }, 60_000);

  it("answers within seconds where nobody does", async () => {
    const silent = createServer(() => {});
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const result = await open(`postgres://postgres@127.0.0.1:${port}/x`).append([]);
    silent.close();
    expect(result).toMatchObject({ kind: "failed", problem: { code: "UNREACHABLE" } });
  });
});

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
