import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { freePorts } from "../support/free-ports.ts";
import { plainEnvironment, repository, startGatewayProcess } from "../support/gateway-process.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-serve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serve(env: Readonly<Record<string, string>>): { code: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(repository, "bin/switchyard.js"), "serve"], {
    // Where it runs its ledger is.
    cwd: folder,
    env: { ...plainEnvironment(), ...env },
    encoding: "utf8",
    timeout: 15_000,
  });
  return { code: status, stderr };
}

describe("switchyard serve", () => {
  it("logs each listener, then that it is ready", async () => {
    await using gateway = await startGatewayProcess();
    const events = gateway.log.map(({ event, listener }) => [event, listener].filter(Boolean).join(" "));
    expect(events.filter((event) => event.startsWith("listening")).toSorted()).toEqual([
      "listening connect",
      "listening grpc",
      "listening operator",
    ]);
    expect(events.indexOf("ready")).toBeGreaterThan(events.lastIndexOf("listening operator"));
    expect(gateway.addresses.connect).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`drains and ends with 0 at ${signal}`, async () => {
      await using gateway = await startGatewayProcess();
      gateway.signal(signal);
      expect(await gateway.ended).toBe(0);
    });
  }

  it("ends at once with 1 at a second signal", async () => {
    const config = "drain: { delayMs: 60000, graceMs: 60000 }";
    await using gateway = await startGatewayProcess({ config });
    gateway.signal("SIGTERM");
    await expect
      .poll(() => gateway.log.some(({ event }) => event === "stopping"), { timeout: 10_000 })
      .toBe(true);
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(1);
  });

  it("names the listener, its address and the variable where a port is taken", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const bound = other.address();
    const taken = bound !== null && typeof bound === "object" ? `127.0.0.1:${bound.port}` : "";
    for (const listener of ["connect", "grpc", "operator"]) {
      const variable = `SWITCHYARD_LISTEN_${listener.toUpperCase()}`;
      const { code, stderr } = serve({
        ...freePorts,
        [variable]: taken,
      });
      expect(code).toBe(1);
      expect(stderr).toContain(`the ${listener} listener at ${taken}`);
      expect(stderr).toContain(variable);
    }
    other.close();
  });

  it("lists every problem of a bad config and ends with 1", () => {
    const { code, stderr } = serve({
      SWITCHYARD_LISTEN_CONNECT: "nowhere",
      SWITCHYARD_LOG_LEVEL: "loud",
      HOLYSHEEP_API_KEY: "short",
    });
    expect(code).toBe(1);
    for (const name of [
      "SWITCHYARD_LISTEN_CONNECT",
      "SWITCHYARD_LOG_LEVEL",
      "HOLYSHEEP_API_KEY",
      "3 problems",
    ]) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toMatch(/\bshort\b(?!er)/);
  });

  it("says that a file is no ledger, and ends with 1", () => {
    writeFileSync(join(folder, "switchyard.db"), "Dear diary, ".repeat(1000));
    const { code, stderr } = serve({
      SWITCHYARD_LISTEN_CONNECT: "127.0.0.1:0",
      SWITCHYARD_LISTEN_GRPC: "off",
      SWITCHYARD_LISTEN_OPERATOR: "off",
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*switchyard\.db is not a database; name another file in ledger\.path$/m);
    rmSync(join(folder, "switchyard.db"));
  });
});
