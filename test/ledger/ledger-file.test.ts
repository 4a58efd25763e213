import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { attemptRow } from "../../src/ledger/attempt-row.ts";
import { createBatchingLedger } from "../../src/ledger/batching-ledger.ts";
import type { LedgerEvents } from "../../src/ledger/ledger-events.ts";
import { migrations } from "../../src/ledger/migrations.ts";
import { openSqliteStore } from "../../src/ledger/sqlite-store.ts";
import type { LedgerStore } from "../../src/ledger/store.ts";
import { attemptRecord } from "../support/ledger-samples.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { append, countOf, done } from "../support/store-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-ledger-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const opened: LedgerStore[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

let files = 0;
const newPath = (): string => join(folder, `${(files += 1)}.db`);

async function open(path: string): Promise<LedgerStore> {
  const opening = await openSqliteStore(path);
  if (opening.kind === "refused") throw new Error(opening.why);
  opened.push(opening.store);
  return opening.store;
}

async function refusal(path: string): Promise<string> {
  const opening = await openSqliteStore(path);
  if (opening.kind === "refused") return opening.why;
  opened.push(opening.store);
  return "";
}

const attempts = (count: number, name = "PROD") =>
  Array.from({ length: count }, (_, index) => attemptRecord({ decisionId: `${name}_${index + 1}` }));

describe("the file of a ledger", () => {
  it("is its owner's alone, and so are the files beside it", async () => {
    const path = newPath();
    await append(await open(path), attempts(1));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("keeps what was written, and its schema, over a restart", async () => {
    const path = newPath();
    const store = await open(path);
    await append(store, attempts(3));
    await store.close();
    const again = await open(path);
    await append(again, attempts(5));
    expect(await countOf(again)).toBe(5);
  });

  it("is refused where it is no database, and stays as it is", async () => {
    const path = newPath();
    const diary = "Dear diary, ".repeat(500);
    writeFileSync(path, diary);
    expect(await refusal(path)).toBe(`${path} is not a database; name another file in ledger.path`);
    expect(readFileSync(path, "utf8")).toBe(diary);
  });

  it("is refused where it is another program's database, and stays as it is", async () => {
    const path = newPath();
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE bookmarks (url TEXT)");
    other.close();
    const before = readFileSync(path);
    expect(await refusal(path)).toMatch(/is a database of another program, not a ledger/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is refused where a newer version wrote it", async () => {
    const path = newPath();
    await (await open(path)).close();
    const newer = new DatabaseSync(path);
    newer.prepare("INSERT INTO switchyard_migrations VALUES (?, 'later', 0)").run(migrations.length + 1);
    newer.close();
    expect(await refusal(path)).toMatch(/was written by a newer Switchyard/);
  });

  it("is refused where it is damaged", async () => {
    const path = newPath();
    const store = await open(path);
    await append(store, attempts(2_000));
    await store.close();
    truncateSync(path, 4096);
    expect(await refusal(path)).toBe(`${path} is damaged; move it away and restore it, or start without it`);
  });

  it("is refused in a folder that does not exist, and where it is a folder", async () => {
    expect(await refusal(join(folder, "nowhere", "a.db"))).toMatch(
      /the folder of the ledger does not exist: .*nowhere; create it/,
    );
    const path = newPath();
    mkdirSync(path);
    expect(await refusal(path)).toMatch(/is a folder/);
  });

  it("is made anew where somebody took it away", async () => {
    const path = newPath();
    const store = await open(path);
    await append(store, attempts(3));
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    await append(store, attempts(2, "LATER"));
    expect(await countOf(store)).toBe(2);
  });

  it("waits for another writer, while reports go on", async () => {
    const path = newPath();
    const store = await open(path);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const writing = store.append(attempts(1).map(attemptRow));
    const first = await Promise.race([writing.then(() => "written"), store.report({ from: 0, to: 1 })]);
    // Reading goes on meanwhile.
    expect(first).toMatchObject({ kind: "done" });
    other.exec("ROLLBACK");
    other.close();
    done(await writing);
    expect(await countOf(store)).toBe(1);
  });
});

interface Writer {
  readonly process: ChildProcess;
  readonly said: readonly string[];
  /** Until it has said a line that fits, or has ended. */
  readonly until: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<unknown>;
  readonly lastNumber: (word: string) => number;
}

const writers = new Set<ChildProcess>();
afterEach(() => {
  for (const writer of writers) writer.kill("SIGKILL");
  writers.clear();
});

function startWriter(path: string, name: string, count = 0): Writer {
  const script = join(import.meta.dirname, "../support/ledger-writer.ts");
  const child = spawn(process.execPath, [script, path, name, `${count}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  writers.add(child);
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    said.push(line);
    for (const look of waiting) look();
  });
  const ended = once(child, "close");
  return {
    process: child,
    said,
    ended,
    until: (pattern) =>
      Promise.race([
        ended.then(() => undefined),
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (!said.some((line) => pattern.test(line))) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
          look();
        }),
      ]),
    lastNumber: (word) =>
      Number(said.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? 0),
  };
}

/** Numbers of the calls of one writer, in order. */
function numbersOf(database: DatabaseSync, name: string): readonly number[] {
  return database
    .prepare("SELECT decision_id AS id FROM switchyard_attempts WHERE decision_id LIKE ?")
    .all(`PROD_${name}_%`)
    .map(({ id }) => Number(String(id).split("_").at(-1)))
    .toSorted((a, b) => a - b);
}

describe("a process that writes to a ledger", () => {
  it("loses what was not written yet when it is killed, nothing else, and leaves the file whole", async () => {
    const path = newPath();
    for (let round = 1; round <= 4; round++) {
      const writer = startWriter(path, `round${round}`);
      // At another moment each time: in a batch, between two, in the first.
      await writer.until(new RegExp(`^recorded ${round * 900}$`));
      writer.process.kill("SIGKILL");
      await writer.ended;

      const database = new DatabaseSync(path);
      expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      const kept = numbersOf(database, `round${round}`);
      database.close();
      expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => index + 1));
      expect(kept.length).toBeGreaterThanOrEqual(writer.lastNumber("written"));
      expect(writer.lastNumber("written")).toBeGreaterThan(0);
    }
    // Whoever comes next goes on with the same file.
    const next = startWriter(path, "next", 100);
    await next.ended;
    expect(next.said).toContain("lost 0");
    const database = new DatabaseSync(path);
    expect(numbersOf(database, "next")).toHaveLength(100);
    expect(numbersOf(database, "round1").length).toBeGreaterThan(0);
    database.close();
  }, 60_000);

  it("shares the file with others: nobody loses anything", async () => {
    const path = newPath();
    const together = ["a", "b", "c"].map((name) => startWriter(path, name, 3_000));
    await Promise.all(together.map(({ ended }) => ended));
    const database = new DatabaseSync(path);
    for (const [index, name] of ["a", "b", "c"].entries()) {
      expect(together[index]!.said).toContain("lost 0");
      expect(numbersOf(database, name)).toHaveLength(3_000);
    }
    expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    database.close();
  }, 60_000);
});

const disk = mountSmallDisk();
afterAll(() => disk?.[Symbol.dispose]());
const diskTitle = "a disk that is full";
describe.skipIf(disk === undefined)(
  disk === undefined ? `${diskTitle} (skipped: this user may not mount one)` : diskTitle,
  () => {
    it("fails no record, is told, and loses nothing once there is room again", async () => {
      const path = join(disk!.folder, "full.db");
      const clock = createManualClock();
      const told: string[] = [];
      const events: LedgerEvents = {
        written: (records) => told.push(`written ${records}`),
        failed: ({ code }) => told.push(code),
        dropped: () => told.push("dropped"),
        closed: (lost) => told.push(`lost ${lost}`),
      };
      const store = await open(path);
      const ledger = createBatchingLedger({
        store,
        events,
        setTimer: clock.setTimer,
        observe: () => () => {},
      });
      const all = attempts(2_000);
      for (const attempt of all.slice(0, 100)) ledger.record(attempt);
      expect(await ledger.report({ from: 0, to: 1 })).toMatchObject({ kind: "report" });

      disk!.fill();
      for (const attempt of all.slice(100)) ledger.record(attempt);
      const report = await ledger.report({ from: 0, to: 1 });
      expect(told).toContain("SQLITE_FULL");
      expect(report.kind).not.toBe("off");

      disk!.free();
      await ledger.close();
      expect(told.at(-1)).toBe("lost 0");
      const again = await open(path);
      expect(await countOf(again)).toBe(2_000);
    });

    it("does not keep a gateway from starting, and gets its ledger later", async () => {
      const path = join(disk!.folder, "later.db");
      disk!.fill();
      const opening = await openSqliteStore(path);
      if (opening.kind === "refused") throw new Error(opening.why);
      opened.push(opening.store);
      expect(opening.problem?.code).toMatch(/^(?:SQLITE_FULL|SQLITE_IOERR|ENOSPC)$/);
      expect(await opening.store.append(attempts(1).map(attemptRow))).toMatchObject({ kind: "failed" });
      disk!.free();
      await append(opening.store, attempts(1));
      expect(await countOf(opening.store)).toBe(1);
    });
  },
);
