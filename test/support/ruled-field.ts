import {
  create,
  createFileRegistry,
  type DescMessage,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  type FieldDescriptorProtoSchema,
  FieldOptions_JSType,
  FieldOptionsSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FileDescriptorProtoSchema,
  type MessageOptionsSchema,
  type OneofOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import {
  field as fieldOption,
  FieldRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

export type Rules = MessageInitShape<typeof FieldRulesSchema>;
export type FieldInit = Exclude<MessageInitShape<typeof FieldDescriptorProtoSchema>, { $typeName: string }>;

const wellKnown = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** What a message is made of beside its one field `v`. */
export interface Around {
  readonly syntax?: "proto2" | "proto3";
  readonly messageOptions?: MessageInitShape<typeof MessageOptionsSchema>;
  /** The field has `jstype = JS_STRING`. */
  readonly longAsText?: boolean;
  /** The field stands in a oneof `o` with these options. */
  readonly oneofOptions?: MessageInitShape<typeof OneofOptionsSchema>;
}

/** `message test.M` with a field `v`, an enum `test.E` of 0, 1 and 5, and a map entry of text to int32. */
export function ruledMessage(field: FieldInit, rules?: Rules, around: Around = {}): DescMessage {
  const options = create(
    FieldOptionsSchema,
    around.longAsText === true ? { jstype: FieldOptions_JSType.JS_STRING } : {},
  );
  if (rules !== undefined) setExtension(options, fieldOption, create(FieldRulesSchema, rules));
  const inOneof = around.oneofOptions !== undefined || field.proto3Optional === true;
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: around.syntax ?? "proto3",
    dependency: wellKnown.map(({ proto }) => proto.name),
    enumType: [
      {
        name: "E",
        value: [
          { name: "ZERO", number: 0 },
          { name: "ONE", number: 1 },
          { name: "FIVE", number: 5 },
        ],
      },
    ],
    messageType: [
      {
        name: "M",
        field: [
          {
            name: "v",
            number: 1,
            label: Label.OPTIONAL,
            ...field,
            options,
            ...(inOneof ? { oneofIndex: 0 } : {}),
          },
        ],
        oneofDecl: inOneof
          ? [{ name: "o", ...(around.oneofOptions && { options: around.oneofOptions }) }]
          : [],
        nestedType: [
          {
            name: "VEntry",
            options: { mapEntry: true },
            field: [
              { name: "key", number: 1, label: Label.OPTIONAL, type: 9 },
              { name: "value", number: 2, label: Label.OPTIONAL, type: 5 },
            ],
          },
        ],
        ...(around.messageOptions && { options: around.messageOptions }),
      },
    ],
  });
  const desc = createFileRegistry(file, (name) =>
    wellKnown.find(({ proto }) => proto.name === name),
  ).getMessage("test.M");
  if (desc === undefined) throw new Error("no test.M");
  return desc;
}
