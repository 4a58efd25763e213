import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./optional-program.ts";

/** Where Debian puts the newest server's programs; they are on nobody's PATH. */
const programs = newestServer("/usr/lib/postgresql");

/** Whether a real server can be started here. */
export const postgres = findProgram("postgresql", join(programs, "postgres"), ["--version"]);

/** A PostgreSQL of a test's own: a port, a folder, nobody else's data. */
export interface PostgresServer extends AsyncDisposable {
  /** Of a database that is empty each time. */
  readonly freshDatabase: () => Promise<string>;
  /** Of a database by that name, there or not. */
  readonly url: (database: string) => string;
  /** As a power cut would: nothing is written any more. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "switchyard-postgres-"));
  const data = join(folder, "data");
  // The server refuses to run as root.
  const asOwner = userInfo().uid === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  if (asOwner.length > 0) chownSync(folder, idOf("-u"), idOf("-g"));
  const made = run([
    ...asOwner,
    join(programs, "initdb"),
    "--pgdata",
    data,
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-sync",
  ]);
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);

  const port = await freePort();
  const url = (database: string): string => `postgres://postgres:unused@127.0.0.1:${port}/${database}`;
  let stop: (() => Promise<void>) | undefined;
  const launch = (): ChildProcess => {
    const settings = ["fsync=off", "listen_addresses=127.0.0.1", `port=${port}`];
    const flags = settings.flatMap((setting) => ["-c", setting]);
    const words = [...asOwner, join(programs, "postgres"), "-D", data, "-k", folder, ...flags];
    // Its own group: runuser's child ends with it.
    const server = spawn(words[0] ?? "", words.slice(1), { stdio: "ignore", detached: true });
    const ended = once(server, "close");
    stop = async () => {
      if (server.pid !== undefined && isRunning(server)) process.kill(-server.pid, "SIGKILL");
      await ended;
    };
    return server;
  };
  const start = async (): Promise<void> => {
    let server = launch();
    for (let tries = 0; tries < 400; tries++) {
      if (accepts(port)) return;
      await sleep(50);
      // The processes of a killed server's connections take a moment to notice; a new one refuses until then.
      if (!isRunning(server)) server = launch();
    }
    throw new Error("PostgreSQL did not start");
  };
  await start();

  let databases = 0;
  return {
    freshDatabase: async () => {
      const name = `ledger_${(databases += 1)}`;
      const words = ["--host", "127.0.0.1", "--port", `${port}`, "--username", "postgres", name];
      const created = run([join(programs, "createdb"), ...words]);
      if (created.status !== 0) throw new Error(`createdb failed: ${created.stderr}`);
      return url(name);
    },
    url,
    kill: async () => stop?.(),
    start,
    [Symbol.asyncDispose]: async () => {
      await stop?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function newestServer(folder: string): string {
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0] ?? "none";
  return join(folder, newest, "bin");
}

function run([program = "", ...words]: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(program, words, { encoding: "utf8", cwd: "/" });
}

function idOf(flag: "-u" | "-g"): number {
  return Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function accepts(port: number): boolean {
  const words = ["--host", "127.0.0.1", "--port", `${port}`];
  return run([join(programs, "pg_isready"), ...words]).status === 0;
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
