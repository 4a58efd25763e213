import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GatewayProcess, repository, startGatewayProcess } from "../support/gateway-process.ts";
import { findProgram } from "../support/optional-program.ts";

// Debian's own Python: its grpcio is what `apt-get install python3-grpcio` gives.
const python = "/usr/bin/python3";
const grpcio = findProgram("python3-grpcio", python, ["-c", "import grpc, google.protobuf"]);
// The compiler, and the definitions of google.protobuf that Debian packages apart from it.
const protoc = findProgram("protobuf-compiler and libprotobuf-dev", "sh", [
  "-c",
  "protoc --version && test -f /usr/include/google/protobuf/timestamp.proto",
]);

const files = [
  "switchyard/v1/content.proto",
  "switchyard/v1/routing.proto",
  "switchyard/v1/gateway_service.proto",
  "buf/validate/validate.proto",
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
];

describe.skipIf(!grpcio.present || !protoc.present)(protoc.title(grpcio.title("a Python client")), () => {
  let gateway: GatewayProcess;
  let generated: string;
  let seen: Record<string, unknown>;

  beforeAll(async () => {
    if (!existsSync(join(repository, ".proto-deps"))) {
      execFileSync(process.execPath, ["scripts/proto-deps.ts"], { cwd: repository });
    }
    generated = mkdtempSync(join(tmpdir(), "switchyard-py-"));
    const paths = ["-Iproto", "-I.proto-deps", "-Ithird_party", `--python_out=${generated}`];
    execFileSync("protoc", [...paths, ...files], { cwd: repository });
    gateway = await startGatewayProcess();
    const script = join(import.meta.dirname, "python_client.py");
    const output = execFileSync(python, [script, generated, gateway.addresses.grpc], { encoding: "utf8" });
    seen = JSON.parse(output);
  }, 60_000);

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    rmSync(generated, { recursive: true, force: true });
  });

  it("gets an answer with its model, cost and trace id", () => {
    expect(seen).toMatchObject({
      model: "deepseek/deepseek-chat-v3-2",
      text: expect.stringMatching(/\S/),
      trace: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(Number(seen["nanos"])).toBeGreaterThan(0);
  });

  it("gets a stream: started, deltas, finished", () => {
    const events = seen["events"];
    expect(events).toEqual(["started", ...Array((events as string[]).length - 2).fill("delta"), "finished"]);
    expect(seen["streamed"]).toMatch(/\S/);
  });

  it("reads reason and details of an error", () => {
    expect(seen["unknown"]).toMatchObject({
      code: "NOT_FOUND",
      reason: "MODEL_NOT_FOUND",
      domain: "switchyard.v1",
      details: expect.arrayContaining(["google.rpc.ResourceInfo"]),
    });
    expect(seen["empty"]).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_REQUEST",
      details: expect.arrayContaining(["google.rpc.BadRequest"]),
    });
  });
});
