import type { DescFile, Message, MessageInitShape } from "@bufbuild/protobuf";
import {
  ServerReflection as ReflectionV1,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ReflectionV1Alpha,
  type ServerReflectionResponseSchema as AlphaResponseSchema,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { clipText } from "./clip-text.ts";
import { reflectFiles, type ReflectedFiles } from "./reflected-files.ts";
import { numberOfCode } from "./rpc-code.ts";
import { defineService, type RpcService } from "./rpc-service.ts";

type Question = ServerReflectionRequest["messageRequest"];
type Response = Exclude<MessageInitShape<typeof ServerReflectionResponseSchema>, Message>;
type AlphaResponse = MessageInitShape<typeof AlphaResponseSchema>;
type Answer = NonNullable<Response["messageResponse"]>;

/**
 * gRPC server reflection, v1 and v1alpha, over these services and over itself. Our own and not
 * `@grpc/reflection`, which reads a package definition of proto-loader that we do not have, and serves grpc-js alone.
 */
export function createReflectionServices(services: readonly RpcService[]): readonly RpcService[] {
  const files = reflectFiles([...services.map(({ desc }) => desc), ReflectionV1, ReflectionV1Alpha]);
  const infrastructure = { infrastructure: true };
  return [
    defineService(
      ReflectionV1,
      { serverReflectionInfo: (requests) => answerAll(files, requests) },
      infrastructure,
    ),
    defineService(
      ReflectionV1Alpha,
      { serverReflectionInfo: (requests) => answerAllAlpha(files, requests) },
      infrastructure,
    ),
  ];
}

async function* answerAll(
  files: ReflectedFiles,
  requests: AsyncIterable<ServerReflectionRequest>,
): AsyncIterable<Response> {
  for await (const request of requests) {
    // Clients tell the answers apart by the question in them.
    yield {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answer(files, request.messageRequest),
    };
  }
}

// The two versions differ in their package's name alone, which is the one thing that the types of messages compare.
function answerAllAlpha(
  files: ReflectedFiles,
  requests: AsyncIterable<unknown>,
): AsyncIterable<AlphaResponse> {
  return answerAll(files, requests as AsyncIterable<ServerReflectionRequest>) as AsyncIterable<AlphaResponse>;
}

function answer(files: ReflectedFiles, question: Question): Answer {
  switch (question.case) {
    case "fileByFilename":
      return fileAnswer(files, files.byName(question.value), "file", question.value);
    case "fileContainingSymbol":
      return fileAnswer(files, files.bySymbol(question.value), "symbol", question.value);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const name = `${containingType} extension ${extensionNumber}`;
      return fileAnswer(files, files.byExtension(containingType, extensionNumber), "extension", name);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = files.extensionNumbers(question.value);
      if (extensionNumber === undefined) return notFound("message", question.value);
      return {
        case: "allExtensionNumbersResponse",
        value: { baseTypeName: question.value, extensionNumber: [...extensionNumber] },
      };
    }
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: files.serviceNames.map((name) => ({ name })) },
      };
    case undefined:
      return failure("INVALID_ARGUMENT", "the request asks nothing");
  }
}

function fileAnswer(files: ReflectedFiles, file: DescFile | undefined, kind: string, name: string): Answer {
  if (file === undefined) return notFound(kind, name);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: files.withImports(file) } };
}

function notFound(kind: string, name: string): Answer {
  return failure("NOT_FOUND", `no ${kind} named ${JSON.stringify(clipText(name, 100))} is served here`);
}

function failure(code: "NOT_FOUND" | "INVALID_ARGUMENT", errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode: numberOfCode(code), errorMessage } };
}
