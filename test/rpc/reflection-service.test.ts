import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { create, createFileRegistry, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

const run = promisify(execFile);
const services = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "switchyard.v1.GatewayService",
];

let world: RpcWorld;
beforeAll(async () => {
  world = await startRpcWorld();
});
afterAll(() => world.close());

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;

async function ask(
  listener: "connect" | "grpc",
  version: typeof ServerReflection | typeof Alpha,
  ...questions: readonly Question[]
): Promise<ServerReflectionResponse["messageResponse"][]> {
  const transport = createGrpcTransport({ baseUrl: `http://${world[listener]}` });
  async function* requests() {
    for (const messageRequest of questions) yield { host: "here", messageRequest };
  }
  const answers: ServerReflectionResponse["messageResponse"][] = [];
  // The two versions have the same fields.
  const client = createClient(version as typeof ServerReflection, transport);
  for await (const answer of client.serverReflectionInfo(requests())) answers.push(answer.messageResponse);
  return answers;
}

function filesOf(answer: ServerReflectionResponse["messageResponse"] | undefined): FileDescriptorProto[] {
  if (answer?.case !== "fileDescriptorResponse") throw new Error(`an answer of case ${answer?.case}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

for (const listener of ["connect", "grpc"] as const) {
  for (const version of [ServerReflection, Alpha]) {
    describe(`${version.typeName} on the ${listener} listener`, () => {
      it("lists the services", async () => {
        const [answer] = await ask(listener, version, { case: "listServices", value: "" });
        if (answer?.case !== "listServicesResponse") throw new Error(`an answer of case ${answer?.case}`);
        expect(answer.value.service.map(({ name }) => name)).toEqual(services);
      });

      it("gives every file with all it imports, so that a client can build the types", async () => {
        const [answer] = await ask(listener, version, {
          case: "fileContainingSymbol",
          value: "switchyard.v1.GatewayService",
        });
        const file = filesOf(answer);
        const names = file.map(({ name }) => name);
        expect(names).toEqual(
          expect.arrayContaining(["buf/validate/validate.proto", "google/protobuf/timestamp.proto"]),
        );
        expect(new Set(names).size).toBe(names.length);
        const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
        expect(registry.getService("switchyard.v1.GatewayService")?.methods).toHaveLength(4);
      });

      for (const [symbol, path] of [
        ["switchyard.v1.ChatRequest", "switchyard/v1/gateway_service.proto"],
        ["switchyard.v1.GatewayService.Chat", "switchyard/v1/gateway_service.proto"],
        ["switchyard.v1.Message.parts", "switchyard/v1/content.proto"],
        ["switchyard.v1.Role", "switchyard/v1/content.proto"],
        ["switchyard.v1.ROLE_USER", "switchyard/v1/content.proto"],
        ["switchyard.v1.ContentPart.part", "switchyard/v1/content.proto"],
        ["grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"],
        ["grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"],
        ["buf.validate.field", "buf/validate/validate.proto"],
        ["google.protobuf.Timestamp.seconds", "google/protobuf/timestamp.proto"],
      ] as const) {
        it(`finds ${symbol}`, async () => {
          const [answer] = await ask(listener, version, { case: "fileContainingSymbol", value: symbol });
          expect(filesOf(answer).map(({ name }) => name)).toContain(path);
        });
      }

      it("answers one question after the other, and says NOT_FOUND without ending the stream", async () => {
        const answers = await ask(
          listener,
          version,
          { case: "fileByFilename", value: "no/such.proto" },
          { case: "fileContainingSymbol", value: "no.such" },
          { case: "fileByFilename", value: "switchyard/v1/content.proto" },
          { case: "allExtensionNumbersOfType", value: "google.protobuf.FieldOptions" },
          {
            case: "fileContainingExtension",
            value: { containingType: "google.protobuf.FieldOptions", extensionNumber: 1159 },
          },
          { case: "allExtensionNumbersOfType", value: "no.such" },
        );
        expect(answers.map((answer) => answer.case)).toEqual([
          "errorResponse",
          "errorResponse",
          "fileDescriptorResponse",
          "allExtensionNumbersResponse",
          "fileDescriptorResponse",
          "errorResponse",
        ]);
        expect(answers[0]?.value).toMatchObject({ errorCode: 5 });
        // `field` and `predefined` of buf.validate.
        expect(answers[3]?.value).toMatchObject({ extensionNumber: [1159, 1160] });
      });
    });
  }

  it(`serves buf curl through reflection on the ${listener} listener`, async () => {
    const base = `http://${world[listener]}`;
    expect((await curl("--list-services", base)).trim().split("\n").toSorted()).toEqual(services);
    const answer = await curl(
      "-d",
      '{"input":{"messages":[{"role":"ROLE_USER","parts":[{"text":"x"}]}]}}',
      `${base}/switchyard.v1.GatewayService/Chat`,
    );
    expect(JSON.parse(answer)).toMatchObject({ id: "cmpl-1" });
  }, 60_000);
}

it("serves buf curl over Connect on HTTP/1.1 and gRPC-Web", async () => {
  for (const protocol of ["connect", "grpcweb"]) {
    const { stdout } = await run("npx", [
      "buf",
      "curl",
      "--protocol",
      protocol,
      "--http2-prior-knowledge",
      "-d",
      '{"provider":"deepseek"}',
      `http://${world.connect}/switchyard.v1.GatewayService/ListModels`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ models: [{ id: "deepseek/model" }] });
  }
}, 60_000);

async function curl(...rest: readonly string[]): Promise<string> {
  const words = ["buf", "curl", "--http2-prior-knowledge", "--protocol", "grpc", ...rest];
  return (await run("npx", words)).stdout;
}
