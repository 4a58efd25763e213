import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import {
  DurationSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { type ContentPart, ContentPartSchema, MessageSchema } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatResponseSchema, GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { createMessageWriter } from "../../src/rpc/message-writer.ts";
import { arbitraryMessage } from "../support/arbitrary-message.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { type Around, type FieldInit, ruledMessage } from "../support/ruled-field.ts";

const byPlan = createMessageWriter(() => {
  throw new Error("left to the library");
});

/** Writes a message, by plan and nothing else, as the library does. */
function expectSameBytes(schema: DescMessage, message: Message): void {
  expect(Buffer.compare(byPlan(schema, message), toBinary(schema, message))).toBe(0);
}

/** What came of writing it: bytes as digits, or an error. */
function outcomeOf(write: () => Uint8Array): string {
  try {
    return Buffer.from(write()).toString("hex");
  } catch (cause) {
    return String(cause);
  }
}

const services = [GatewayService, OperatorService, Health, ServerReflection, ServerReflectionAlpha];
const methods = services.flatMap((service) => service.methods);

const string: FieldInit = { type: Type.STRING };
const int32: FieldInit = { type: Type.INT32 };
const messageOf = (name: string): FieldInit => ({
  type: Type.MESSAGE,
  typeName: `.google.protobuf.${name}`,
});
const listOf = (field: FieldInit): FieldInit => ({ ...field, label: Label.REPEATED });
const map = listOf({ type: Type.MESSAGE, typeName: ".test.M.VEntry" });

describe("createMessageWriter()", () => {
  for (const { output } of methods) {
    it(`writes any ${output.typeName} by its plan, as the library does`, () => {
      fc.assert(
        fc.property(arbitraryMessage(output), (message) => expectSameBytes(output, message)),
        { numRuns: 200 },
      );
    });
  }

  for (const { input } of methods) {
    it(`writes any ${input.typeName} as the library does`, () => {
      const write = createMessageWriter();
      fc.assert(
        fc.property(arbitraryMessage(input), (message) => {
          expect(Buffer.compare(write(input, message), toBinary(input, message))).toBe(0);
        }),
        { numRuns: 50 },
      );
    });
  }

  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 70 }),
    fc.string({ minLength: 60, maxLength: 70 }),
    fc.string({ minLength: 120, maxLength: 130 }),
    fc.constantFrom(
      "",
      "\0",
      "é",
      "한국어",
      "😀",
      "a\ud800",
      "\udc00b",
      "x".repeat(16_384),
      "é".repeat(65_536),
    ),
  );
  const int32s = fc.oneof(
    fc.integer(),
    fc.constantFrom(0, 1, -1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28),
    fc.constantFrom(2 ** 31 - 1, -(2 ** 31)),
  );
  const int64s = fc.oneof(
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.bigInt(-200n, 200n),
    fc.constantFrom(0n, -1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  );
  const doubles = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity));
  const values: Readonly<Record<string, { field: FieldInit; value: fc.Arbitrary<unknown> }>> = {
    text: { field: string, value: texts },
    "numbers of 32 bits": { field: int32, value: int32s },
    "numbers of 64 bits": { field: { type: Type.INT64 }, value: int64s },
    doubles: { field: { type: Type.DOUBLE }, value: doubles },
    booleans: { field: { type: Type.BOOL }, value: fc.boolean() },
    bytes: { field: { type: Type.BYTES }, value: fc.uint8Array({ maxLength: 200 }) },
    "values of an enum": { field: { type: Type.ENUM, typeName: ".test.E" }, value: int32s },
    messages: { field: messageOf("Timestamp"), value: fc.record({ seconds: int64s, nanos: int32s }) },
  };
  for (const [name, { field, value }] of Object.entries(values)) {
    // A tag takes from one byte to five.
    for (const number of [1, 16, 2 ** 29 - 1]) {
      it(`writes ${name} of any size in field ${number}: alone, optional, chosen and listed`, () => {
        const ofNumber = { ...field, number };
        const alone = ruledMessage(ofNumber);
        const optional = ruledMessage({ ...ofNumber, proto3Optional: true });
        const chosen = ruledMessage(ofNumber, undefined, { oneofOptions: {} });
        const listed = ruledMessage(listOf(ofNumber));
        fc.assert(
          fc.property(value, fc.array(value), (one, many) => {
            expectSameBytes(alone, create(alone, { v: one }));
            expectSameBytes(optional, create(optional, { v: one }));
            expectSameBytes(chosen, create(chosen, { o: { case: "v", value: one } }));
            expectSameBytes(listed, create(listed, { v: many }));
          }),
        );
        for (const desc of [alone, optional, chosen, listed]) expectSameBytes(desc, create(desc));
      });
    }
  }

  it("writes maps in the order of their keys, which are any text", () => {
    const desc = ruledMessage(map);
    fc.assert(fc.property(fc.dictionary(texts, int32s), (v) => expectSameBytes(desc, create(desc, { v }))));
    expectSameBytes(desc, create(desc, { v: { b: 1, "": 0, 2: 3, 1: -4, ["__proto__"]: 5 } }));
  });

  it("writes lists of any length that stay in one piece", () => {
    const desc = ruledMessage(listOf(int32));
    for (const length of [127, 128, 100_000]) {
      expectSameBytes(desc, create(desc, { v: Array.from({ length }, (_, index) => index) }));
    }
  });

  it("writes messages that hold their own type, however deep", () => {
    let part: ContentPart = create(ContentPartSchema, { part: { case: "text", value: "한" } });
    for (let depth = 0; depth < 200; depth++) {
      part = create(ContentPartSchema, { part: { case: "toolResult", value: { parts: [part] } } });
    }
    expectSameBytes(ContentPartSchema, part);
  });

  it("keeps what it gave when it writes again", () => {
    const first = byPlan(MessageSchema, create(MessageSchema, { name: "first" }));
    byPlan(MessageSchema, create(MessageSchema, { name: "other" }));
    expect(fromBinary(MessageSchema, first).name).toBe("first");
  });

  it("lets go of the room for a very long message", () => {
    const desc = ruledMessage(string);
    const long = create(desc, { v: "x".repeat(8 * 1024 * 1024) });
    byPlan(desc, create(desc));
    collectGarbage("major");
    const before = process.memoryUsage().arrayBuffers;
    expect(byPlan(desc, long).length).toBeGreaterThan(8 * 1024 * 1024);
    collectGarbage("major");
    // Buffers are freed beside the program; the next collection waits for that.
    collectGarbage("major");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
    expectSameBytes(desc, create(desc, { v: "short" }));
  });
});

describe("createMessageWriter() leaves to the library as a whole", () => {
  const unknown = { no: 999, wireType: 0, data: new Uint8Array([1]) };
  /** A message whose only field has this value, whether or not it may. */
  const odd = (field: FieldInit, value: unknown, around?: Around) => {
    const schema = ruledMessage(field, undefined, around);
    return { schema, message: Object.assign(create(schema), { v: value }) };
  };
  const chat = create(ChatResponseSchema, { id: "a", choices: [{}, { message: { name: "n" } }] });
  const withUnknown = Object.assign(create(MessageSchema, { parts: [{}] }), { $unknown: [unknown] });
  const torn = tornOneof();
  const cases: Readonly<Record<string, { schema: DescMessage; message: Message }>> = {
    "a message with unknown fields": { schema: MessageSchema, message: withUnknown },
    "one that holds such a message": {
      schema: ChatResponseSchema,
      message: create(ChatResponseSchema, { choices: [{ message: withUnknown }, {}] }),
    },
    // Of the same fields, so that nothing but its name tells.
    "a message of another type": { schema: DurationSchema, message: create(TimestampSchema, { nanos: 1 }) },
    "a message of another type within it": odd(messageOf("Duration"), create(TimestampSchema, { nanos: 1 })),
    "a message without its lists": {
      schema: MessageSchema,
      message: Object.assign(create(MessageSchema), { parts: undefined }),
    },
    "an item that is not there": odd(listOf(messageOf("Timestamp")), [undefined]),
    "a type that no message of ours has": odd({ type: Type.UINT32 }, 7),
    "another such type": odd({ type: Type.SINT64 }, -7n),
    "a list of such a type": odd(listOf({ type: Type.FLOAT }), [0.5]),
    proto2: odd(string, "a", { syntax: "proto2" }),
    "a wrapper": odd(messageOf("StringValue"), "a"),
    Struct: odd(messageOf("Struct"), { $typeName: "google.protobuf.Struct", fields: {} }),
    "a oneof that another field stands in": {
      schema: torn,
      message: create(torn, { x: 1, o: { case: "b", value: 2 } }),
    },
    "a number of 32 bits that has more": odd(int32, 2 ** 31),
    "one that is not whole": odd(int32, 0.5),
    "one that is none": odd(int32, Number.NaN),
    "one as text": odd(int32, "12"),
    "one as a bigint": odd(int32, 12n),
    "one that is −0": odd(int32, -0),
    "an optional one that is −0": odd({ ...int32, proto3Optional: true }, -0),
    "a number of 64 bits that has more": odd({ type: Type.INT64 }, 2n ** 63n),
    "one below its range": odd({ type: Type.INT64 }, -(2n ** 63n) - 1n),
    "one that is no bigint": odd({ type: Type.INT64 }, 5),
    "one that is text": odd({ type: Type.INT64 }, "5", { longAsText: true }),
    "a double that is text": odd({ type: Type.DOUBLE }, "0.5"),
    "a truth that is a number": odd({ type: Type.BOOL }, 1),
    "text that is a number": odd(string, 5),
    "text that is not there": odd(string, undefined),
    "bytes that are text": odd({ type: Type.BYTES }, "ab"),
    "a value of an enum that is text": odd({ type: Type.ENUM, typeName: ".test.E" }, "ONE"),
  };
  for (const [name, { schema, message }] of Object.entries(cases)) {
    it(name, () => {
      let left = 0;
      const write = createMessageWriter((...written) => {
        left++;
        return toBinary(...written);
      });
      expect(outcomeOf(() => write(schema, message))).toBe(outcomeOf(() => toBinary(schema, message)));
      expect(left).toBe(1);
      // Nothing is left of it in the next one.
      expect(outcomeOf(() => write(ChatResponseSchema, chat))).toBe(
        outcomeOf(() => toBinary(ChatResponseSchema, chat)),
      );
      expect(left).toBe(1);
    });
  }
});

/** A message with a oneof of the fields 1 and 3, and the field 2 beside it. */
function tornOneof(): DescMessage {
  const field = { type: Type.INT32, label: Label.OPTIONAL };
  const file = create(FileDescriptorProtoSchema, {
    name: "torn.proto",
    syntax: "proto3",
    messageType: [
      {
        name: "Torn",
        field: [
          { ...field, name: "a", number: 1, oneofIndex: 0 },
          { ...field, name: "x", number: 2 },
          { ...field, name: "b", number: 3, oneofIndex: 0 },
        ],
        oneofDecl: [{ name: "o" }],
      },
    ],
  });
  const desc = createFileRegistry(file, () => undefined).getMessage("Torn");
  if (desc === undefined) throw new Error("no Torn");
  return desc;
}
