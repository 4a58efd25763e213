import {
  createRegistry,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { nestedTypes } from "@bufbuild/protobuf/reflect";

/** The files behind some services, found by what reflection clients ask for. */
export interface ReflectedFiles {
  readonly serviceNames: readonly string[];
  /** By path, such as `switchyard/v1/content.proto`. */
  readonly byName: (path: string) => DescFile | undefined;
  /** By the full name of a message, enum, service, extension, field, method, oneof or enum value. */
  readonly bySymbol: (name: string) => DescFile | undefined;
  readonly byExtension: (message: string, number: number) => DescFile | undefined;
  /** Undefined: no such message. */
  readonly extensionNumbers: (message: string) => readonly number[] | undefined;
  /** The file and everything it imports, imports first, as serialised descriptors. */
  readonly withImports: (file: DescFile) => Uint8Array[];
}

/** Reads every name of the services' files and of all that they import. */
export function reflectFiles(services: readonly DescService[]): ReflectedFiles {
  const files = new Map<string, DescFile>();
  for (const { file } of services) addWithImports(file, files);

  const symbols = new Map<string, DescFile>();
  const extensions: DescExtension[] = [];
  for (const file of files.values()) {
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file);
      for (const name of memberNames(type)) symbols.set(name, file);
      if (type.kind === "extension") extensions.push(type);
    }
  }
  const registry = createRegistry(...files.values());
  const serialised = new Map<DescFile, Uint8Array>();
  const serialise = (file: DescFile): Uint8Array => {
    const bytes = serialised.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
    serialised.set(file, bytes);
    return bytes;
  };
  const extending = (message: string): DescExtension[] =>
    extensions.filter(({ extendee }) => extendee.typeName === message);

  return {
    serviceNames: services.map(({ typeName }) => typeName).toSorted(),
    byName: (path) => files.get(path),
    bySymbol: (name) => symbols.get(name.replace(/^\./, "")),
    byExtension: (message, number) =>
      extending(message).find((extension) => extension.number === number)?.file,
    extensionNumbers: (message) =>
      registry.getMessage(message) === undefined
        ? undefined
        : extending(message)
            .map(({ number }) => number)
            .toSorted((a, b) => a - b),
    withImports(file) {
      const needed = new Map<string, DescFile>();
      addWithImports(file, needed);
      return [...needed.values()].map(serialise);
    },
  };
}

function addWithImports(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.proto.name)) return;
  for (const dependency of file.dependencies) addWithImports(dependency, files);
  files.set(file.proto.name, file);
}

function memberNames(
  type: ReturnType<typeof nestedTypes> extends Iterable<infer T> ? T : never,
): readonly string[] {
  switch (type.kind) {
    case "message":
      return messageMembers(type);
    case "enum": {
      // Values are siblings of their enum, not its children.
      const scope = type.typeName.slice(0, type.typeName.length - type.name.length);
      return type.values.map(({ name }) => scope + name);
    }
    case "service":
      return type.methods.map(({ name }) => `${type.typeName}.${name}`);
    case "extension":
      return [];
  }
}

function messageMembers({ typeName, fields, oneofs }: DescMessage): readonly string[] {
  return [...fields, ...oneofs].map(({ name }) => `${typeName}.${name}`);
}
