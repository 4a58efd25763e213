import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type ChatRequest } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { formatProgress } from "../../src/cli/batch-progress.ts";
import { repository } from "../support/gateway-process.ts";
import { type CommandOptions, type CommandRun, runCommand } from "../support/command-run.ts";
import { type ScriptedGateway, startScriptedGateway } from "../support/scripted-gateway.ts";

let folder: string;
let gateway: ScriptedGateway;
let seen: { readonly text: string; readonly at: number; readonly request: ChatRequest }[];
let running: number;
let mostRunning: number;
/** What the gateway does with a prompt; answers where it returns nothing. */
let act: (text: string, times: number) => Promise<void> | void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-batch-"));
  seen = [];
  running = 0;
  mostRunning = 0;
  act = () => {};
  gateway = await startScriptedGateway({
    gateway: {
      chat: async (request) => {
        const part = request.input?.messages[0]?.parts[0]?.part;
        const text = part?.case === "text" ? part.value : "";
        seen.push({ text, at: performance.now(), request });
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        try {
          await act(text, seen.filter((one) => one.text === text).length);
        } finally {
          running -= 1;
        }
        return {
          id: `answer to ${text}`,
          usage: { inputTokens: 1, outputTokens: 2 },
          route: { totalCost: { nanosUsd: 1_000_000n } },
        };
      },
    },
  });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const input = (): string => join(folder, "in.jsonl");
const output = (): string => join(folder, "in.jsonl.out.jsonl");
const prompts = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${JSON.stringify({ prompt: `p${index + 1}` })}\n`).join("");

interface Result {
  readonly line: number;
  readonly status: string;
  readonly id?: unknown;
  readonly response?: { readonly id: string };
  readonly message?: string;
}

function results(): readonly Result[] {
  const lines = readFileSync(output(), "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Result).toSorted((a, b) => a.line - b.line);
}

function batch(words: readonly string[] = [], options: CommandOptions = {}): Promise<CommandRun> {
  return runCommand(
    ["batch", input(), "--address", gateway.address, "--interval-ms", "0", ...words],
    options,
  );
}

function failure(code: Code, reason: string, retryMs?: number): ConnectError {
  const details = [{ desc: ErrorInfoSchema, value: { reason, domain: "switchyard.v1" } }];
  const retry = {
    desc: RetryInfoSchema,
    value: { retryDelay: { seconds: 0n, nanos: (retryMs ?? 0) * 1e6 } },
  };
  return new ConnectError("no", code, undefined, retryMs === undefined ? details : [...details, retry]);
}

describe("switchyard batch", () => {
  it("sends a chat for each line, and writes each line's result with the id it came with", async () => {
    const contract = {
      id: 7,
      target: { model: "acme/x" },
      input: { messages: [{ role: "ROLE_USER", parts: [{ text: "full" }] }] },
    };
    writeFileSync(
      input(),
      `{"id":"a","prompt":"one","tier":"simple"}\n\n${JSON.stringify(contract)}\n{"text":"two"}`,
    );
    const { code, stdout } = await batch(["--model", "acme/default"]);
    expect(code).toBe(0);
    expect(results()).toMatchObject([
      { line: 1, status: "OK", id: "a", response: { id: "answer to one" } },
      { line: 3, status: "OK", id: 7, response: { id: "answer to full" } },
      { line: 4, status: "OK", response: { id: "answer to two" } },
    ]);
    const targets = new Map(seen.map(({ text, request }) => [text, request.target?.target]));
    expect(targets.get("one")).toMatchObject({ case: "tier" });
    expect(targets.get("full")).toMatchObject({ value: "acme/x" });
    expect(targets.get("two")).toMatchObject({ value: "acme/default" });
    expect(stdout).toMatch(/lines +3 of 3\n +OK +3\n/);
    expect(stdout).toContain("$0.003");
  });

  it("never has more calls under way than allowed, and keeps the interval between two starts", async () => {
    writeFileSync(input(), prompts(12));
    act = () => sleep(30);
    await batch(["--concurrency", "3"]);
    expect(mostRunning).toBe(3);
    rmSync(output());
    seen = [];
    await batch(["--concurrency", "12", "--interval-ms", "40"]);
    const starts = seen.map(({ at }) => at).toSorted((a, b) => a - b);
    // The sum is what the command keeps; a single gap is also the network's.
    expect(starts.at(-1)! - starts[0]!).toBeGreaterThanOrEqual(11 * 40 - 20);
  });

  it("goes on where a run stopped, and repeats no line", async () => {
    writeFileSync(input(), prompts(5));
    const [first, , third] = await batch().then(() => readFileSync(output(), "utf8").split("\n"));
    // Two results are whole, a third was cut short.
    writeFileSync(output(), `${first}\n${third}\n{"line":2,"dig`);
    const done = [first, third].map((line) => (JSON.parse(line!) as Result).line);
    seen = [];
    const { code, stdout } = await batch();
    expect(code).toBe(0);
    expect(seen).toHaveLength(3);
    expect(results().map(({ line }) => line)).toEqual([1, 2, 3, 4, 5]);
    expect(seen.map(({ text }) => Number(text.slice(1)))).not.toEqual(expect.arrayContaining(done));
    expect(stdout).toContain("5 of 5, 3 of them now");
  });

  it("loses and repeats nothing when it is killed again and again", async () => {
    writeFileSync(input(), prompts(40));
    act = () => sleep(10);
    for (let kill = 0; kill < 3; kill++) {
      const words = [
        "bin/switchyard.js",
        "batch",
        input(),
        "--address",
        gateway.address,
        "--interval-ms",
        "10",
      ];
      const child = spawn(process.execPath, words, { cwd: repository, stdio: "ignore" });
      const before = seen.length;
      await expect.poll(() => seen.length, { timeout: 15_000 }).toBeGreaterThan(before + 5);
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    const { code } = await batch();
    expect(code).toBe(0);
    expect(results().map(({ line }) => line)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  }, 60_000);

  it("lets calls come to their end at a signal, and says how to go on", async () => {
    writeFileSync(input(), prompts(10));
    act = () => sleep(200);
    const words = ["bin/switchyard.js", "batch", input(), "--address", gateway.address, "--concurrency", "2"];
    const child = spawn(process.execPath, words, { cwd: repository, stdio: ["ignore", "pipe", "ignore"] });
    let printed = "";
    child.stdout.on("data", (text: Buffer) => (printed += text.toString()));
    await expect.poll(() => running, { timeout: 15_000 }).toBe(1);
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(1);
    expect(results().map(({ line, status }) => [line, status])).toEqual([[1, "OK"]]);
    expect(printed).toContain("run the same command again");
  }, 30_000);

  it("tells the outcomes apart and ends with 1 where a line failed; --retry-failed sends those again", async () => {
    writeFileSync(input(), `${prompts(3)}nonsense\n{"prompt":"p5","color":"red"}\n`);
    act = (text, times) => {
      if (text === "p2" && times === 1) throw failure(Code.Unavailable, "UPSTREAM_OVERLOADED");
    };
    const { code, stdout } = await batch();
    expect(code).toBe(1);
    expect(results().map(({ status }) => status)).toEqual([
      "OK",
      "UNAVAILABLE",
      "OK",
      "INVALID_LINE",
      "INVALID_LINE",
    ]);
    expect(results()[4]!.message).toContain('unknown member "color"');
    expect(stdout).toMatch(/INVALID_LINE +2/);
    seen = [];
    expect((await batch()).code).toBe(1);
    expect(seen).toEqual([]);
    act = () => {};
    await batch(["--retry-failed"]);
    expect(seen.map(({ text }) => text)).toEqual(["p2"]);
    expect(results().map(({ line, status }) => [line, status])).toEqual([
      [1, "OK"],
      [2, "OK"],
      [3, "OK"],
      [4, "INVALID_LINE"],
      [5, "INVALID_LINE"],
    ]);
  });

  it("comes back when a full gateway asks for it", async () => {
    writeFileSync(input(), prompts(1));
    act = (_, times) => {
      if (times < 3) throw failure(Code.Unavailable, "GATEWAY_OVERLOADED", 5);
    };
    expect((await batch()).code).toBe(0);
    expect(seen).toHaveLength(3);
  });

  it("stops, and takes no line for failed, where no gateway answers", async () => {
    writeFileSync(input(), prompts(3));
    const { code, stderr } = await runCommand([
      "batch",
      input(),
      "--address",
      "127.0.0.1:9",
      "--interval-ms",
      "0",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("no gateway answers");
    expect(readFileSync(output(), "utf8")).toBe("");
  });

  it("refuses results of another input, and a file that holds something else", async () => {
    writeFileSync(input(), prompts(2));
    await batch();
    writeFileSync(input(), '{"prompt":"other"}\n{"prompt":"p2"}\n');
    expect(await batch()).toMatchObject({ code: 1, stderr: expect.stringContaining("another line 1") });
    writeFileSync(output(), "my diary\n");
    expect(await batch()).toMatchObject({ code: 1, stderr: expect.stringContaining("line 1, is no result") });
    expect(readFileSync(output(), "utf8")).toBe("my diary\n");
  });

  it("does not write beside another batch that runs, and takes the place of one that died", async () => {
    writeFileSync(input(), prompts(1));
    writeFileSync(`${output()}.lock`, `${process.pid}\n`);
    expect(await batch()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`process ${process.pid}`),
    });
    writeFileSync(`${output()}.lock`, "999999999\n");
    expect((await batch()).code).toBe(0);
  });

  it("refuses wrong usage with 2, and names a file that is not there", async () => {
    expect((await batch(["--concurrency", "0"])).code).toBe(2);
    expect((await batch(["--interval-ms", "-1"])).code).toBe(2);
    expect(await batch()).toMatchObject({ code: 1, stderr: expect.stringContaining("does not exist") });
  });

  it("prints its summary as JSON", async () => {
    writeFileSync(input(), prompts(2));
    const { stdout } = await batch(["--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      lines: 2,
      done: 2,
      failed: 0,
      outcomes: { OK: 2 },
      costNanosUsd: "2000000",
    });
  });

  it("shows a bar on a terminal, and clears it away", async () => {
    writeFileSync(input(), prompts(3));
    act = () => sleep(300);
    const { stderr } = await batch([], { terminal: true });
    expect(stderr).toMatch(/\[[#.]{24}\] \d+ %/);
    expect(stderr.endsWith("\r\u001B[2K")).toBe(true);
  });
});

describe("formatProgress()", () => {
  it("tells share, rate, cost, failures and the time left", () => {
    const progress = {
      lines: 1000,
      done: 250,
      doneNow: 200,
      failed: 2,
      costNanos: 12_300_000n,
      elapsedMs: 100_000,
    };
    expect(formatProgress(progress)).toBe(
      "[######..................] 25 %  250/1000  2.0/s  $0.0123  2 failed  6 min left",
    );
  });

  it("has no time left to tell at the start and at the end", () => {
    const progress = { lines: 10, done: 0, doneNow: 0, failed: 0, costNanos: 0n, elapsedMs: 0 };
    expect(formatProgress(progress)).not.toContain("left");
    expect(formatProgress({ ...progress, done: 10, doneNow: 10, elapsedMs: 10 })).not.toContain("left");
  });
});
