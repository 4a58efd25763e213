import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainEnvironment, repository, startGatewayProcess } from "../support/gateway-process.ts";

// What the Dockerfile copies into the image, in a folder without node_modules.
describe("the bundle", () => {
  let image: string;

  beforeAll(() => {
    execFileSync(process.execPath, ["scripts/bundle.ts"], { cwd: repository, stdio: "ignore" });
    image = mkdtempSync(join(tmpdir(), "switchyard-image-"));
    for (const name of ["dist", "package.json", "switchyard.yaml"]) {
      cpSync(join(repository, name), join(image, name), { recursive: true });
    }
  }, 60_000);

  afterAll(() => rmSync(image, { recursive: true, force: true }));

  it("serves on every listener, answers a chat, and ends with 0 at SIGTERM", async () => {
    const main = join(image, "dist/main.js");
    await using gateway = await startGatewayProcess({ command: [process.execPath, main, "serve"] });
    const ready = await fetch(`http://${gateway.addresses.connect}/readyz`);
    expect(ready.status).toBe(200);
    for (const listener of ["connect", "grpc"] as const) {
      const words = [main, "chat", "--address", gateway.addresses[listener], "--tier", "simple", "hello"];
      const printed = execFileSync(process.execPath, words, { env: plainEnvironment(), encoding: "utf8" });
      expect(printed).toContain("deepseek/deepseek-chat-v3-2@simulator");
    }
    // The ledger's thread is a file of its own.
    const words = [main, "status", "--report", "--address", gateway.addresses.operator];
    const report = execFileSync(process.execPath, words, { env: plainEnvironment(), encoding: "utf8" });
    expect(report).toMatch(/^stable +2 /m);
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect(gateway.stderr()).toBe("");
  });

  it("finds the config that ships with it", () => {
    const env = { ...plainEnvironment(), SWITCHYARD_LISTEN_CONNECT: "off", SWITCHYARD_LISTEN_GRPC: "off" };
    const words = [join(image, "dist/main.js"), "doctor", "--json"];
    const printed = execFileSync(process.execPath, words, {
      env: { ...env, SWITCHYARD_LISTEN_OPERATOR: "127.0.0.1:0" },
      cwd: tmpdir(),
      encoding: "utf8",
    });
    expect(JSON.parse(printed)).toMatchObject({ ok: true });
  });
});
