import type { DescEnum, DescExtension, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

/**
 * Prints a proto2 file descriptor as `.proto` text: messages, enums, oneofs, extensions and
 * extension ranges, without options and comments (a compiler needs none of them to resolve names).
 * Maps, groups and nested messages are refused: the one file that we print has none.
 */
export function printProto2(file: DescFile): string {
  return [
    'syntax = "proto2";',
    `package ${file.proto.package};`,
    ...file.dependencies.map((dependency) => `import "${dependency.name}.proto";`),
    ...file.messages.map(printMessage),
    ...file.enums.map(printEnum),
    ...file.extensions.map(printExtension),
    "",
  ].join("\n");
}

function printMessage(message: DescMessage): string {
  if (message.nestedMessages.length > 0) throw new Error(`${message.typeName} nests messages`);
  const lines = message.members.map((member) =>
    member.kind === "oneof"
      ? `oneof ${member.name} {\n${member.fields.map((field) => `  ${printField(field)}`).join("\n")}\n}`
      : `${label(member)} ${printField(member)}`,
  );
  const ranges = message.proto.extensionRange.map(
    // A descriptor's end is exclusive, the language's is inclusive.
    (range) => `extensions ${range.start} to ${range.end > 536870911 ? "max" : range.end - 1};`,
  );
  const body = [...message.nestedEnums.map(printEnum), ...lines, ...ranges];
  return `message ${message.name} {\n${body.join("\n")}\n}`;
}

function printEnum(desc: DescEnum): string {
  const values = desc.proto.value.map((value) => `  ${value.name} = ${value.number};`);
  return `enum ${desc.name} {\n${values.join("\n")}\n}`;
}

function printExtension(extension: DescExtension): string {
  return `extend .${extension.extendee.typeName} {\n  ${label(extension)} ${printField(extension)}\n}`;
}

function label(field: DescField | DescExtension): string {
  return field.fieldKind === "list" ? "repeated" : "optional";
}

function printField(field: DescField | DescExtension): string {
  return `${fieldType(field)} ${field.name} = ${field.number};`;
}

function fieldType(field: DescField | DescExtension): string {
  if (field.message !== undefined && field.fieldKind !== "map") return `.${field.message.typeName}`;
  if (field.enum !== undefined && field.fieldKind !== "map") return `.${field.enum.typeName}`;
  if (field.scalar === undefined) throw new Error(`${field.name} has a type that is not printed`);
  return ScalarType[field.scalar].toLowerCase();
}
