import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { chatInput } from "../support/call-samples.ts";
import { type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { freePorts } from "../support/free-ports.ts";
import {
  plainEnvironment,
  quickConfig,
  repository,
  startGatewayProcess,
} from "../support/gateway-process.ts";
import { findProgram } from "../support/optional-program.ts";
import { anyKey } from "../support/parsed-config.ts";
import { answers } from "../support/upstream-behaviours.ts";

const python = findProgram("python3", "python3", ["-c", "import pty"]);

describe("SIGHUP to a gateway in a process of its own", () => {
  let folder: string;
  let main: FaultyUpstream;
  let release: PromiseWithResolvers<void>;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "switchyard-sighup-"));
    release = Promise.withResolvers<void>();
    main = await startFaultyUpstream((index) => ({
      name: "answers the first request once it is told to",
      answer: async (exchange) => {
        if (index === 0) await release.promise;
        await answers().answer(exchange);
      },
    }));
  });
  afterEach(async () => {
    await main.close();
    rmSync(folder, { recursive: true });
  });

  const configOf = (keys: string, more = ""): string => `
upstreams: { main: { baseUrl: "${main.baseUrl}", keys: [${keys}] } }
models: { acme/main: { upstreams: [main] } }
tiers: { standard: [acme/main] }
ledger: { off: true }
drain: { delayMs: 0, graceMs: 5000 }
${more}`;
  const keyFile = (name: string): string => join(folder, name);
  const fileKey = (id: string): string => `{ id: ${id}, file: "${keyFile(id)}" }`;

  it("takes up changed files and the keys of a changed config, names the rest, and breaks no call", async () => {
    writeFileSync(keyFile("a"), `${anyKey}-1`);
    await using gateway = await startGatewayProcess({ config: configOf(fileKey("a")) });
    const client = createClient(
      GatewayService,
      createGrpcTransport({ baseUrl: `http://${gateway.addresses.grpc}` }),
    );
    const underWay = client.chat({ input: chatInput });
    await main.received(1);
    writeFileSync(keyFile("a"), `${anyKey}-2`);
    writeFileSync(keyFile("b"), `${anyKey}-3`);
    const changed = configOf(`${fileKey("b")}, ${fileKey("a")}`, "retry: { attempts: 2 }");
    writeFileSync(gateway.env["SWITCHYARD_CONFIG"]!, changed);
    gateway.signal("SIGHUP");
    const lines = (event: string) => gateway.log.filter((line) => line["event"] === event);
    await expect
      .poll(() => lines("reload"), { timeout: 20_000 })
      .toMatchObject([{ level: "warn", trigger: "signal", needs_restart: ["retry"] }]);
    expect(lines("keys").flatMap(({ rotated, added }) => [rotated, added].flat())).toEqual(
      expect.arrayContaining(["a", "b"]),
    );
    await client.chat({ input: chatInput });
    release.resolve();
    expect((await underWay).route?.deployment).toBe("acme/main@main");
    expect(main.requests.map(({ headers }) => headers["authorization"]?.slice(-2))).toEqual(["-1", "-3"]);
    expect(JSON.stringify(gateway.log)).not.toContain(anyKey);
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(0);
  });
});

// Who closes a terminal means to end what ran in it; the signal is the same.
describe.skipIf(!python.present)(python.title("a gateway in a terminal"), () => {
  it("reloads at SIGHUP, and ends when the terminal is closed", { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), "switchyard-terminal-"));
    const file = join(folder, "switchyard.yaml");
    writeFileSync(file, `${quickConfig}\nledger: { off: true }`);
    const script = `
import os, pty, signal, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], [sys.argv[1], "bin/switchyard.js", "serve"])
def read_until(word):
    seen = b""
    while word not in seen:
        seen += os.read(terminal, 4096)
read_until(b'"ready"')
os.kill(child, signal.SIGHUP)
read_until(b'"reload"')
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;
    const env = {
      ...plainEnvironment(),
      SWITCHYARD_CONFIG: file,
      ...freePorts,
    };
    const printed = execFileSync("python3", ["-c", script, process.execPath], {
      cwd: repository,
      env,
      encoding: "utf8",
      timeout: 50_000,
    });
    expect(printed.trim()).toBe("-1");
    rmSync(folder, { recursive: true });
  });
});
