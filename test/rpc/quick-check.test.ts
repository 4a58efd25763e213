import {
  create,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  MessageOptionsSchema,
  OneofOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import {
  FieldRulesSchema,
  Ignore,
  message as messageOption,
  MessageRulesSchema,
  oneof as oneofOption,
  OneofRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chatBody } from "../../bench/load/request-bodies.ts";
import {
  type ContentPartSchema,
  ImageDetail,
  ReasoningEffort,
  Role,
  ToolChoiceMode,
} from "../../gen/switchyard/v1/content_pb.ts";
import { ChatRequestSchema, GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  BreakerState,
  CanaryMode,
  FallbackMode,
  RouteDetail,
  StreamRestart,
  Tier,
} from "../../gen/switchyard/v1/routing_pb.ts";
import {
  OperatorService,
  SetBreakerRequestSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { compileQuickCheck } from "../../src/rpc/quick-check.ts";
import { arbitraryMessage, edgeElement } from "../support/arbitrary-message.ts";
import { type Around, type FieldInit, type Rules, ruledMessage } from "../support/ruled-field.ts";

const match = (pattern: string, text: string): boolean => new RegExp(pattern, "u").test(text);
const validator = createValidator({ regexMatch: match });

/** What protovalidate finds wrong with it. */
function problems(schema: DescMessage, message: Message): readonly string[] {
  const result = validator.validate(schema, message);
  if (result.kind === "error") throw result.error;
  return result.kind === "valid" ? [] : result.violations.map(String);
}

type ChatInit = Exclude<MessageInitShape<typeof ChatRequestSchema>, { $typeName: string }>;
type InputInit = NonNullable<ChatInit["input"]>;

describe("compileQuickCheck()", () => {
  const requests = [GatewayService, OperatorService].flatMap(({ methods }) =>
    methods.map(({ input }) => input),
  );

  for (const schema of requests) {
    it(`calls no ${schema.name} valid that protovalidate finds invalid`, () => {
      const check = compileQuickCheck(schema, match);
      const answers = new Set<boolean>();
      fc.assert(
        fc.property(arbitraryMessage(schema), (message) => {
          const answer = check(message);
          answers.add(answer);
          if (answer) expect(problems(schema, message)).toEqual([]);
        }),
        { numRuns: 500 },
      );
      expect(answers).toContain(true);
    });
  }

  const text = (value: string) => ({ part: { case: "text" as const, value } });
  const question = { role: Role.USER, parts: [text("Why?")] };
  const asks = (input: Partial<InputInit>, rest: Omit<ChatInit, "input"> = {}): ChatInit => ({
    input: { messages: [question], ...input } as InputInit,
    ...rest,
  });
  const ordinary: Readonly<Record<string, ChatInit>> = {
    "one question": asks({}),
    "one for a tier, with labels": asks(
      {},
      {
        target: { target: { case: "tier", value: Tier.STANDARD } },
        labels: { team: "search", "cost.centre": "7" },
      },
    ),
    "one in Korean with emoji": asks({
      messages: [{ role: Role.USER, parts: [text("조사 😀")], name: "min" }],
    }),
    "calls of tools and their results": asks({
      messages: [
        question,
        {
          role: Role.ASSISTANT,
          parts: [
            { part: { case: "reasoning", value: { text: "Hm.", signature: new Uint8Array(4) } } },
            { part: { case: "toolCall", value: { id: "call_1", name: "look_up", argumentsJson: "{}" } } },
          ],
        },
        {
          role: Role.TOOL,
          parts: [{ part: { case: "toolResult", value: { toolCallId: "call_1", parts: [text("7")] } } }],
        },
      ],
      tools: [
        {
          tool: { case: "function", value: { name: "look_up", parametersJsonSchema: "{}", strict: true } },
        },
      ],
      toolChoice: { mode: ToolChoiceMode.AUTO, allowedFunctionNames: ["look_up"] },
    }),
    "media of every source": asks({
      messages: [
        {
          role: Role.USER,
          parts: [
            {
              part: {
                case: "image",
                value: {
                  source: { case: "inlineData", value: new Uint8Array(1000) },
                  mimeType: "image/png",
                  imageDetail: ImageDetail.HIGH,
                },
              },
            },
            { part: { case: "audio", value: { source: { case: "uri", value: "https://e.x/a.mp3" } } } },
            {
              part: {
                case: "file",
                value: { source: { case: "fileId", value: "file-1" }, filename: "a.pdf" },
              },
            },
          ],
        },
      ],
    }),
    "every generation parameter": asks({
      generationConfig: {
        maxOutputTokens: 256,
        temperature: 0,
        topP: 1,
        topK: 40,
        frequencyPenalty: -2,
        presencePenalty: 2,
        stopSequences: ["\n", "END"],
        seed: -1n,
        candidateCount: 1,
        topLogprobs: 0,
        logitBias: { 42: -100 },
        reasoningEffort: ReasoningEffort.HIGH,
        reasoningBudgetTokens: 0,
        parallelToolCalls: false,
      },
      endUserId: "user-1",
    }),
    "the smallest schema as the form of the answer": asks({
      responseFormat: {
        format: { case: "jsonSchema", value: { name: "answer", jsonSchema: "{}", strict: true } },
      },
    }),
    "a form of the answer without fields": asks({
      responseFormat: { format: { case: "jsonObject", value: {} } },
    }),
    "every option of the route": asks(
      {},
      {
        target: { target: { case: "deployment", value: "acme/a@one" } },
        routing: {
          fallback: {
            mode: FallbackMode.CHAIN,
            models: ["acme/b"],
            maxAttempts: 3,
            streamRestart: StreamRestart.ALLOWED,
          },
          canary: CanaryMode.EXCLUDE,
          affinityKey: "session-1",
          attemptTimeout: { seconds: 3600n },
          firstTokenTimeout: { nanos: 500_000_000 },
          idleTimeout: { seconds: 30n },
          maxCostNanosUsd: 1n,
          requiredCapabilities: ["vision"],
          routeDetail: RouteDetail.FULL,
        },
      },
    ),
  };

  for (const [name, init] of Object.entries(ordinary)) {
    it(`knows as valid: ${name}`, () => {
      const request = create(ChatRequestSchema, init);
      expect(problems(ChatRequestSchema, request)).toEqual([]);
      expect(compileQuickCheck(ChatRequestSchema, match)(request)).toBe(true);
    });
  }

  it("knows as valid: the request of the benchmark, read from bytes", () => {
    const request = fromBinary(ChatRequestSchema, chatBody("acme/a", "proto"));
    expect(compileQuickCheck(ChatRequestSchema, match)(request)).toBe(true);
  });

  it("knows as valid: an operator's request", () => {
    const request = create(SetBreakerRequestSchema, { deployment: "acme/a@one", state: BreakerState.OPEN });
    expect(compileQuickCheck(SetBreakerRequestSchema, match)(request)).toBe(true);
  });

  it("looks into results of tools within results of tools", () => {
    type PartInit = MessageInitShape<typeof ContentPartSchema>;
    const resultOf = (part: PartInit): PartInit => ({
      part: { case: "toolResult", value: { toolCallId: "a", parts: [part] } },
    });
    const within = (part: PartInit) =>
      create(
        ChatRequestSchema,
        asks({ messages: [{ role: Role.TOOL, parts: [resultOf(resultOf(resultOf(part)))] }] }),
      );
    const check = compileQuickCheck(ChatRequestSchema, match);
    expect(check(within(text("7")))).toBe(true);
    expect(check(within({ part: { case: undefined } }))).toBe(false);
  });
});

describe("compileQuickCheck() of any one field", () => {
  const bound = <T>(value: fc.Arbitrary<T>, less: string, more: string) =>
    fc.oneof(fc.constant({ case: undefined }), fc.record({ case: fc.constantFrom(less, more), value }));
  const range = <T>(value: fc.Arbitrary<T>, more: object = {}) =>
    fc.record({ lessThan: bound(value, "lt", "lte"), greaterThan: bound(value, "gt", "gte"), ...more });
  const length = fc.option(fc.bigInt(0n, 6n), { nil: undefined });
  const numbers = fc.constantFrom(-1, 0, 1, 3);
  const kinds: readonly { field: FieldInit; rules: fc.Arbitrary<{ case: string; value: object }> }[] = [
    {
      field: { type: Type.STRING },
      rules: ruled(
        "string",
        fc.record({
          minLen: length,
          maxLen: length,
          pattern: fc.option(fc.constantFrom("^a", "😀", "^.{2,4}$"), { nil: undefined }),
        }),
      ),
    },
    { field: { type: Type.BYTES }, rules: ruled("bytes", fc.record({ maxLen: length })) },
    { field: { type: Type.INT32 }, rules: ruled("int32", range(numbers)) },
    { field: { type: Type.INT64 }, rules: ruled("int64", range(numbers.map(BigInt))) },
    {
      field: { type: Type.DOUBLE },
      rules: ruled(
        "double",
        range(fc.oneof(numbers, fc.constantFrom(Number.NaN, Infinity)), { finite: fc.boolean() }),
      ),
    },
    {
      field: { type: Type.ENUM, typeName: ".test.E" },
      rules: ruled(
        "enum",
        fc.record({
          definedOnly: fc.boolean(),
          in: fc.subarray([0, 1, 5, 99]),
          notIn: fc.subarray([0, 1, 5, 99]),
        }),
      ),
    },
    {
      field: { type: Type.MESSAGE, typeName: ".google.protobuf.Duration" },
      rules: ruled(
        "duration",
        range(
          fc.record({
            seconds: numbers.map(BigInt),
            nanos: fc.constantFrom(0, 1, -1, 999_999_999, 1_000_000_000),
          }),
        ),
      ),
    },
  ];
  function ruled(name: string, value: fc.Arbitrary<object>) {
    return value.map((rules) => ({ case: name, value: withoutUndefined(rules) }));
  }
  /** What is undefined is set, to protobuf-es. */
  function withoutUndefined(init: object): object {
    return Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined));
  }

  const places = ["optional", "alone", "in a list"] as const;
  for (const { field, rules } of kinds) {
    for (const where of field.type === Type.MESSAGE ? places.slice(1) : places) {
      it(`calls no ${Type[field.type ?? 0]} ${where} valid that protovalidate finds invalid`, () => {
        const cases = rules.chain((type) => {
          const own = { type } as Rules;
          const desc =
            where === "in a list"
              ? ruledMessage({ ...field, label: Label.REPEATED }, {
                  type: { case: "repeated", value: { items: own, minItems: 1n, maxItems: 2n } },
                } as Rules)
              : ruledMessage({ ...field, proto3Optional: where === "optional" }, own);
          const [v] = desc.fields;
          if (v === undefined) throw new Error("no field");
          const edge = edgeElement(v, create(FieldRulesSchema, own));
          return fc.record({
            desc: fc.constant(desc),
            values: fc.array(
              where === "in a list" ? fc.array(edge, { maxLength: 3 }) : fc.option(edge, { nil: undefined }),
              { minLength: 20, maxLength: 20 },
            ),
          });
        });
        let passed = 0;
        fc.assert(
          fc.property(cases, ({ desc, values }) => {
            const check = compileQuickCheck(desc, match);
            for (const value of values) {
              const message = create(desc, value === undefined ? {} : { v: value });
              if (!check(message)) continue;
              passed++;
              expect(problems(desc, message)).toEqual([]);
            }
          }),
          { numRuns: 100 },
        );
        expect(passed).toBeGreaterThan(0);
      });
    }
  }
});

describe("compileQuickCheck() leaves to protovalidate", () => {
  const string: FieldInit = { type: Type.STRING };
  const int32: FieldInit = { type: Type.INT32 };
  const messageOf = (typeName: string): FieldInit => ({
    type: Type.MESSAGE,
    typeName: `.google.protobuf.${typeName}`,
  });
  const map: FieldInit = { type: Type.MESSAGE, typeName: ".test.M.VEntry", label: Label.REPEATED };
  const cel = [{ id: "any", expression: "true" }];
  const later = <T extends Message>(rules: T): T => {
    rules.$unknown = [{ no: 2000, wireType: 0, data: new Uint8Array([1]) }];
    return rules;
  };

  // Each value keeps the rule; without it, or with one of known rules only, the quick check says so.
  const rules: Readonly<Record<string, { field: FieldInit; rules: Rules; value: unknown }>> = {
    "CEL of a field": { field: string, rules: { cel }, value: "a" },
    "a CEL expression of a field": { field: string, rules: { celExpression: ["true"] }, value: "a" },
    "a rule of a later protovalidate": { field: string, rules: later(create(FieldRulesSchema)), value: "a" },
    "a format of texts": {
      field: string,
      rules: { type: { case: "string", value: { wellKnown: { case: "email", value: true } } } },
      value: "a@b.c",
    },
    "a constant text": {
      field: string,
      rules: { type: { case: "string", value: { const: "a" } } },
      value: "a",
    },
    "an exact length": { field: string, rules: { type: { case: "string", value: { len: 1n } } }, value: "a" },
    "a length in bytes": {
      field: string,
      rules: { type: { case: "string", value: { maxBytes: 1n } } },
      value: "a",
    },
    "a list of texts": {
      field: string,
      rules: { type: { case: "string", value: { in: ["a"] } } },
      value: "a",
    },
    "a least number of bytes": {
      field: { type: Type.BYTES },
      rules: { type: { case: "bytes", value: { minLen: 1n } } },
      value: new Uint8Array(1),
    },
    "a constant number": { field: int32, rules: { type: { case: "int32", value: { const: 1 } } }, value: 1 },
    "a list of numbers": { field: int32, rules: { type: { case: "int32", value: { in: [1] } } }, value: 1 },
    "a range that ends before it starts": {
      field: int32,
      rules: {
        type: {
          case: "int32",
          value: { greaterThan: { case: "gt", value: 5 }, lessThan: { case: "lt", value: 2 } },
        },
      },
      value: 1,
    },
    "a range of another type of number": {
      field: { type: Type.UINT32 },
      rules: { type: { case: "uint32", value: { lessThan: { case: "lt", value: 2 } } } },
      value: 1,
    },
    "64 bits as text": {
      field: { type: Type.INT64, jsonName: "v" },
      rules: { type: { case: "int64", value: { lessThan: { case: "lt", value: 2n } } } },
      value: "1",
    },
    "a constant boolean": {
      field: { type: Type.BOOL },
      rules: { type: { case: "bool", value: { const: true } } },
      value: true,
    },
    "a constant of an enum": {
      field: { type: Type.ENUM, typeName: ".test.E" },
      rules: { type: { case: "enum", value: { const: 1 } } },
      value: 1,
    },
    "a rule that is ignored for zero": {
      field: string,
      rules: { ignore: Ignore.IF_ZERO_VALUE, type: { case: "string", value: { maxLen: 3n } } },
      value: "a",
    },
    "a rule that is always ignored": {
      field: string,
      rules: { ignore: Ignore.ALWAYS, type: { case: "string", value: { maxLen: 3n } } },
      value: "a",
    },
    "a required field that has no presence": { field: string, rules: { required: true }, value: "a" },
    "items that are unique": {
      field: { ...string, label: Label.REPEATED },
      rules: { type: { case: "repeated", value: { unique: true } } },
      value: ["a"],
    },
    "CEL of items": {
      field: { ...string, label: Label.REPEATED },
      rules: { type: { case: "repeated", value: { items: { cel } } } },
      value: ["a"],
    },
    "items that are ignored": {
      field: { ...string, label: Label.REPEATED },
      rules: { type: { case: "repeated", value: { items: { ignore: Ignore.ALWAYS } } } },
      value: ["a"],
    },
    "a least number of pairs": {
      field: map,
      rules: { type: { case: "map", value: { minPairs: 1n } } },
      value: { a: 1 },
    },
    "CEL of keys": {
      field: map,
      rules: { type: { case: "map", value: { keys: { cel } } } },
      value: { a: 1 },
    },
    "values that are ignored": {
      field: map,
      rules: { type: { case: "map", value: { values: { ignore: Ignore.ALWAYS } } } },
      value: { a: 1 },
    },
    "a rule of timestamps": {
      field: messageOf("Timestamp"),
      rules: { type: { case: "timestamp", value: { lessThan: { case: "ltNow", value: true } } } },
      value: { seconds: 1n },
    },
    "a constant duration": {
      field: messageOf("Duration"),
      rules: { type: { case: "duration", value: { const: { seconds: 1n } } } },
      value: { seconds: 1n },
    },
  };
  for (const [name, { field, rules: own, value }] of Object.entries(rules)) {
    it(name, () => {
      const asText = name === "64 bits as text";
      const desc = ruledMessage(field, own, { longAsText: asText });
      const message = create(desc, { v: value });
      expect(problems(desc, message)).toEqual([]);
      expect(compileQuickCheck(desc, match)(message)).toBe(false);
      const free = ruledMessage(field, undefined, { longAsText: asText });
      expect(compileQuickCheck(free, match)(create(free, { v: value }))).toBe(true);
    });
  }

  const messageRules = (init: MessageInitShape<typeof MessageRulesSchema>): Around => {
    const messageOptions = create(MessageOptionsSchema);
    setExtension(messageOptions, messageOption, create(MessageRulesSchema, init));
    return { messageOptions };
  };
  const oneofRules = (init: MessageInitShape<typeof OneofRulesSchema>): Around => {
    const oneofOptions = create(OneofOptionsSchema);
    setExtension(oneofOptions, oneofOption, create(OneofRulesSchema, init));
    return { oneofOptions };
  };
  const chosen = { o: { case: "v", value: "a" } };
  const messages: Readonly<Record<string, { desc: DescMessage; init: Record<string, unknown> }>> = {
    "CEL of a message": { desc: ruledMessage(string, undefined, messageRules({ cel })), init: { v: "a" } },
    "a oneof rule of a message": {
      desc: ruledMessage(string, undefined, messageRules({ oneof: [{ fields: ["v"] }] })),
      init: { v: "a" },
    },
    "a rule of oneofs of a later protovalidate": {
      desc: ruledMessage(string, undefined, oneofRules(later(create(OneofRulesSchema)))),
      init: chosen,
    },
    "a required field in a oneof": {
      desc: ruledMessage(string, { required: true }, oneofRules({})),
      init: chosen,
    },
    "CEL in a oneof": { desc: ruledMessage(string, { cel }, oneofRules({})), init: chosen },
    proto2: { desc: ruledMessage(string, undefined, { syntax: "proto2" }), init: { v: "a" } },
    Any: { desc: ruledMessage(messageOf("Any")), init: { v: { typeUrl: "a" } } },
    wrappers: { desc: ruledMessage(messageOf("StringValue")), init: { v: "a" } },
    Struct: { desc: ruledMessage(messageOf("Struct")), init: { v: { a: 1 } } },
  };
  for (const [name, { desc, init }] of Object.entries(messages)) {
    it(name, () => {
      const message = create(desc, init);
      expect(problems(desc, message)).toEqual([]);
      expect(compileQuickCheck(desc, match)(message)).toBe(false);
    });
  }

  const notCompiling: Readonly<Record<string, { field: FieldInit; rules: Rules; value: unknown }>> = {
    "a pattern that is none": {
      field: string,
      rules: { type: { case: "string", value: { pattern: "(" } } },
      value: "a",
    },
    "rules of text for a number": {
      field: int32,
      rules: { type: { case: "string", value: {} } },
      value: 1,
    },
    "rules of bytes for text": { field: string, rules: { type: { case: "bytes", value: {} } }, value: "a" },
    "rules of int32 for text": { field: string, rules: { type: { case: "int32", value: {} } }, value: "a" },
    "rules of int64 for int32": { field: int32, rules: { type: { case: "int64", value: {} } }, value: 1 },
    "rules of double for int32": { field: int32, rules: { type: { case: "double", value: {} } }, value: 1 },
    "rules of numbers for an enum": {
      field: { type: Type.ENUM, typeName: ".test.E" },
      rules: { type: { case: "int32", value: {} } },
      value: 1,
    },
    "rules of text for a list": {
      field: { ...string, label: Label.REPEATED },
      rules: { type: { case: "string", value: {} } },
      value: ["a"],
    },
    "rules of text for a map": {
      field: map,
      rules: { type: { case: "string", value: {} } },
      value: { a: 1 },
    },
    "rules of durations for timestamps": {
      field: messageOf("Timestamp"),
      rules: { type: { case: "duration", value: {} } },
      value: { seconds: 1n },
    },
  };
  for (const [name, { field, rules: own, value }] of Object.entries(notCompiling)) {
    it(name, () => {
      const desc = ruledMessage(field, own);
      const message = create(desc, { v: value });
      expect(validator.validate(desc, message).kind).toBe("error");
      expect(compileQuickCheck(desc, match)(message)).toBe(false);
    });
  }

  it("no field that is not there, whatever its rules", () => {
    const desc = ruledMessage({ ...string, proto3Optional: true }, { cel });
    expect(compileQuickCheck(desc, match)(create(desc))).toBe(true);
    expect(compileQuickCheck(desc, match)(create(desc, { v: "a" }))).toBe(false);
  });
});
