import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { repository } from "../support/gateway-process.ts";

/** Runs a program that has `output`, and says what its standard output held and how it ended. */
function start(body: string) {
  const program = `
    import { standardOutput } from "./src/telemetry/standard-output.ts";
    const output = standardOutput();
    ${body}
  `;
  const words = ["--input-type=module-typescript", "--eval", program];
  const child = spawn(process.execPath, words, { cwd: repository, stdio: ["pipe", "pipe", "pipe"] });
  return { child, ended: once(child, "close") as Promise<[number | null, string | null]> };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe("standard output", () => {
  it("holds every line, whole and in order, of a process that ends by itself or at once", async () => {
    for (const { lines, end } of [
      { lines: 500, end: "" },
      { lines: 50, end: "process.exit(0);" },
    ]) {
      const { child, ended } = start(
        `for (let n = 0; n < ${lines}; n++) output.write(n + " 가나다\\n"); ${end}`,
      );
      const [text, [code]] = await Promise.all([textOf(child.stdout), ended]);
      expect(code).toBe(0);
      const numbers = text
        .split("\n")
        .filter(Boolean)
        .map((line) => Number(line.split(" ")[0]));
      expect(numbers).toEqual(Array.from({ length: lines }, (_, index) => index));
    }
  });

  it("lets a process end whose reader has died", async () => {
    const { child, ended } = start(`
      process.stdin.once("data", () => {
        for (let n = 0; n < 10; n++) output.write("for nobody\\n");
        process.exit(3);
      });
      output.write("ready\\n");
    `);
    await once(child.stdout, "data");
    child.stdout.destroy();
    await sleep(50);
    child.stdin.write("go");
    expect(await ended).toEqual([3, null]);
  });

  it("does not stop the process for a reader that is slow, and drops what it leaves unread", async () => {
    const { child, ended } = start(`
      const line = "x".repeat(1023) + "\\n";
      let turns = 0;
      const timer = setInterval(() => {
        for (let n = 0; n < 1024; n++) output.write(line);
        if (++turns < 32) return;
        clearInterval(timer);
        console.error("32 MiB are written");
        process.stdin.once("data", () => {});
      }, 1);
    `);
    await once(child.stderr, "data");
    // Nobody has read until now, and all was taken; what is read now is far less.
    const text = textOf(child.stdout);
    child.stdin.end();
    expect((await ended)[0]).toBe(0);
    const lines = (await text).split("\n").filter(Boolean);
    expect(lines.length).toBeGreaterThan(4096);
    expect(lines.length).toBeLessThan(16 * 1024);
    expect(lines.every((line) => line.length === 1023)).toBe(true);
  });
});
