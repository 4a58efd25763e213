// The README is a promise: every command in it runs, and prints what stands below it.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GatewayProcess, repository, startGatewayProcess } from "../support/gateway-process.ts";
import { masked, readmeBlocks, readmeCommands } from "../support/readme.ts";

const run = promisify(execFile);
const blocks = readmeBlocks();
const folder = join(repository, ".readme");
let gateway: GatewayProcess;

beforeAll(async () => {
  // As shipped, so that the answers are those of the README.
  gateway = await startGatewayProcess({
    command: ["npm", "start"],
    env: { SWITCHYARD_CONFIG: join(repository, "switchyard.yaml") },
  });
  mkdirSync(folder, { recursive: true });
}, 60_000);
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The README's ports are those of this test's gateway. */
function here(text: string): string {
  return text
    .replaceAll("127.0.0.1:8080", gateway.addresses.connect)
    .replaceAll("127.0.0.1:50051", gateway.addresses.grpc)
    .replaceAll("127.0.0.1:9090", gateway.addresses.operator);
}

async function shell(command: string): Promise<string> {
  const address = /explain|--report/.test(command) ? gateway.addresses.operator : gateway.addresses.grpc;
  const placed = /switchyard (?:chat|models|explain|status)/.test(command)
    ? `${command} --address ${address}`
    : here(command);
  const { stdout } = await run("bash", ["-c", placed], {
    cwd: repository,
    env: { ...process.env, ...gateway.env },
  });
  return stdout;
}

describe("the README", () => {
  it("starts with two commands, which CI and this test run", () => {
    const [first] = blocks;
    expect(first).toMatchObject({ language: "sh", text: "npm ci\nnpm start" });
    const ci = readFileSync(join(repository, ".ci/run"), "utf8");
    expect(ci).toMatch(/^npm ci\b/m);
    expect(ci).toMatch(/^npm run check$/m);
  });

  const calls = blocks.filter(({ heading, language }) => heading === "Call it" && language === "sh");
  for (const call of calls) {
    it(`shows what is printed by: ${call.text.split("\n")[0]}`, async () => {
      const shown = blocks[blocks.indexOf(call) + 1]!;
      const printed = await shell(call.text);
      if (shown.language === "json") {
        expect(JSON.parse(masked(printed))).toEqual(JSON.parse(masked(shown.text)));
      } else expect(masked(printed)).toBe(masked(shown.text));
    }, 60_000);
  }

  it("shows what its grpc-js program prints", async () => {
    const program = blocks.find(({ text }) => text.includes("@grpc/grpc-js"))!;
    const shown = blocks[blocks.indexOf(program) + 1]!;
    const file = join(folder, "call.ts");
    writeFileSync(file, here(program.text).replaceAll('"./gen/', '"../gen/'));
    const { stdout } = await run(process.execPath, [file], { cwd: repository });
    expect(masked(stdout)).toBe(masked(shown.text));
  }, 60_000);

  for (const command of readmeCommands()) {
    it(`lists a command that works: ${command}`, async () => {
      // Its listeners would collide with those of the gateway that runs here: `doctor` says so and is right.
      const printed = await shell(command);
      expect(printed).toMatch(/\S/);
    }, 60_000);
  }

  it("names each section of the config and each variable", async () => {
    const readme = readFileSync(join(repository, "README.md"), "utf8");
    const shipped = readFileSync(join(repository, "switchyard.yaml"), "utf8");
    const sections = [...shipped.matchAll(/^#? ?([a-zA-Z]+):/gm)].map(([, name = ""]) => name);
    expect(sections.length).toBeGreaterThan(10);
    expect(sections.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
