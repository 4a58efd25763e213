import { create, type MessageInitShape } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImageDetail, type MessageSchema, Role } from "../../gen/switchyard/v1/content_pb.ts";
import {
  type ChatInput,
  ChatInputSchema,
  ChoiceDeltaSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { countInputTokens, estimateOutputTokens } from "../../src/upstream/estimate-tokens.ts";
import { createOutputMeter } from "../../src/upstream/output-meter.ts";

type MessageInit = MessageInitShape<typeof MessageSchema>;
type Parts = NonNullable<MessageInit["parts"]>;

function input(parts: Parts, rest: MessageInitShape<typeof ChatInputSchema> = {}) {
  return create(ChatInputSchema, { messages: [{ role: Role.USER, parts }], ...rest });
}

const estimateOf = (one: ChatInput) => countInputTokens(one).estimate;
const leastOf = (one: ChatInput) => countInputTokens(one).atLeast;

const text = (value: string) => ({ part: { case: "text" as const, value } });

const inline = (length: number, mimeType: string) => ({
  source: { case: "inlineData" as const, value: new Uint8Array(length) },
  mimeType,
});

/** Counted with OpenAI's o200k_base, the tokenizer of GPT-4o and GPT-4.1. */
const samples = [
  {
    name: "English",
    tokens: 45,
    text: "The committee met on Tuesday to discuss whether the new proposal should be adopted before the end of the fiscal year. Several members argued that the data was incomplete, while others insisted that waiting would only increase the cost of the transition.",
  },
  {
    name: "Korean",
    tokens: 56,
    text: "오늘 아침에 비가 많이 와서 학교에 늦었습니다. 선생님께서 이유를 물어보셨지만 저는 솔직하게 대답하지 못했습니다. 한국어 문법에서 조사 사용은 매우 중요하며, 문장의 의미를 결정합니다.",
  },
  {
    name: "Chinese",
    tokens: 40,
    text: "人工智能的发展正在改变我们的生活方式。许多企业已经开始使用大型语言模型来处理客户服务、数据分析和内容创作等任务,从而提高效率并降低成本。",
  },
  {
    name: "Japanese",
    tokens: 39,
    text: "今日は朝から雨が降っていたので、学校に遅れてしまいました。先生に理由を聞かれましたが、正直に答えることができませんでした。",
  },
  {
    name: "Russian",
    tokens: 36,
    text: "Сегодня утром шёл сильный дождь, поэтому я опоздал в школу. Учитель спросил о причине, но я не смог честно ответить на его вопрос.",
  },
  {
    name: "Arabic",
    tokens: 37,
    text: "هطلت أمطار غزيرة هذا الصباح، لذلك تأخرت عن المدرسة. سألني المعلم عن السبب لكنني لم أستطع الإجابة بصدق.",
  },
  {
    name: "Hindi",
    tokens: 34,
    text: "आज सुबह बहुत तेज़ बारिश हुई, इसलिए मैं स्कूल देर से पहुँचा। शिक्षक ने कारण पूछा, लेकिन मैं ईमानदारी से उत्तर नहीं दे सका।",
  },
  {
    name: "Thai",
    tokens: 34,
    text: "เช้านี้ฝนตกหนักมาก ฉันจึงไปโรงเรียนสาย ครูถามถึงเหตุผล แต่ฉันไม่สามารถตอบอย่างตรงไปตรงมาได้",
  },
  {
    name: "French",
    tokens: 39,
    text: "Ce matin, il pleuvait à verse, c'est pourquoi je suis arrivé en retard à l'école. Le professeur m'a demandé pourquoi, mais je n'ai pas pu répondre honnêtement.",
  },
  {
    name: "German",
    tokens: 37,
    text: "Die Geschwindigkeitsbegrenzung auf der Autobahn wird überwacht; Überschreitungen werden gebührenpflichtig verwarnt, sofern keine Ausnahmegenehmigung vorliegt.",
  },
  { name: "digits", tokens: 17, text: "31415926535897932384626433832795028841971693993751" },
  { name: "emoji", tokens: 20, text: "😀🎉👍🏽🚀❤️🔥✨😂👨‍👩‍👧" },
];

describe("estimateOutputTokens()", () => {
  for (const { name, tokens, text } of samples) {
    it(`is within 0.7 to 1.4 times the true count for ${name}`, () => {
      const estimate = estimateOutputTokens(text);
      expect(estimate / tokens).toBeGreaterThan(0.7);
      expect(estimate / tokens).toBeLessThan(1.4);
    });
  }

  it("is nothing for nothing, and at least one for something", () => {
    expect([estimateOutputTokens(), estimateOutputTokens(""), estimateOutputTokens("a")]).toEqual([0, 0, 1]);
  });
});

describe("createOutputMeter()", () => {
  it("says of many deltas what estimateOutputTokens says of the whole, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 8 })), (pieces) => {
        const meter = createOutputMeter();
        for (const value of pieces) {
          meter.add(create(ChoiceDeltaSchema, { delta: { case: "text", value } }));
        }
        expect(meter.tokens()).toBe(estimateOutputTokens(pieces.join("")));
      }),
    );
  });

  it("counts reasoning, refusals and tool calls, and no signature", () => {
    const meter = createOutputMeter();
    for (const delta of [
      { case: "reasoning" as const, value: "one two" },
      { case: "refusal" as const, value: "three" },
      { case: "toolCall" as const, value: { name: "four", argumentsFragment: "{}", id: "five" } },
      { case: "reasoningSignature" as const, value: new Uint8Array(999) },
    ]) {
      meter.add(create(ChoiceDeltaSchema, { delta }));
    }
    expect(meter.tokens()).toBe(estimateOutputTokens("one two", "three", "four", "{}"));
  });
});

describe("countInputTokens(), the estimate", () => {
  const bare = estimateOf(input([text("")]));

  it("counts a frame for each message", () => {
    expect(bare).toBe(4);
  });

  it("counts the text of schemas, tool calls and tool results", () => {
    const schema = '{"type":"object"}'.repeat(40);
    const tools = input([text("")], {
      tools: [{ tool: { case: "function", value: { name: "f", parametersJsonSchema: schema } } }],
    });
    const format = input([text("")], {
      responseFormat: { format: { case: "jsonSchema", value: { name: "f", jsonSchema: schema } } },
    });
    const call = input([
      { part: { case: "toolCall", value: { id: "1", name: "f", argumentsJson: schema } } },
    ]);
    const result = input([
      { part: { case: "toolResult", value: { toolCallId: "1", parts: [text(schema)] } } },
    ]);
    for (const one of [tools, format, call, result]) {
      expect(estimateOf(one)).toBeGreaterThanOrEqual(bare + estimateOutputTokens(schema));
    }
  });

  const media: readonly { name: string; part: Parts[number]; expected: number }[] = [
    { name: "an image", part: { part: { case: "image", value: inline(9, "image/png") } }, expected: 1000 },
    {
      name: "an image in low detail",
      part: { part: { case: "image", value: { ...inline(9, "image/png"), imageDetail: ImageDetail.LOW } } },
      expected: 85,
    },
    {
      name: "a minute of MP3",
      part: { part: { case: "audio", value: inline(960_000, "audio/mpeg") } },
      expected: 1920,
    },
    {
      name: "sound of unknown length",
      part: { part: { case: "audio", value: { source: { case: "fileId", value: "f" } } } },
      expected: 1000,
    },
    {
      name: "a text file",
      part: { part: { case: "file", value: inline(4000, "text/csv") } },
      expected: 1000,
    },
    {
      name: "a JSON file",
      part: { part: { case: "file", value: inline(4000, "application/ld+json") } },
      expected: 1000,
    },
    {
      name: "a PDF of a megabyte",
      part: { part: { case: "file", value: inline(1_000_000, "application/pdf") } },
      expected: 12_500,
    },
    {
      name: "a PDF full of pictures",
      part: { part: { case: "file", value: inline(12_000_000, "application/pdf") } },
      expected: 50_000,
    },
    {
      name: "a text file as data: URI",
      part: {
        part: {
          case: "file",
          value: { source: { case: "uri", value: `data:text/plain;base64,${"A".repeat(4000)}` } },
        },
      },
      expected: 750,
    },
    {
      name: "a file behind an id",
      part: { part: { case: "file", value: { source: { case: "fileId", value: "f" } } } },
      expected: 2000,
    },
  ];
  for (const { name, part, expected } of media) {
    it(`allows ${expected} tokens for ${name}`, () => {
      expect(estimateOf(input([part])) - bare).toBe(expected);
    });
  }

  it("never falls when text is added", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, more) => {
        expect(estimateOf(input([text(one + more)]))).toBeGreaterThanOrEqual(estimateOf(input([text(one)])));
      }),
    );
  });
});

describe("countInputTokens(), at least", () => {
  for (const { name, tokens, text: sample } of samples) {
    it(`stays below the true count for ${name}`, () => {
      expect(leastOf(input([text(sample.repeat(20))]))).toBeLessThan(tokens * 20);
    });
  }

  it("counts a run of one character once: a tokenizer may have a token for it", () => {
    expect(leastOf(input([text(" ".repeat(100_000) + "=".repeat(100_000))]))).toBe(0);
  });

  it("counts no media, whose price only the upstream knows", () => {
    expect(
      leastOf(
        input([
          {
            part: {
              case: "file",
              value: {
                source: { case: "inlineData", value: new Uint8Array(1e6) },
                mimeType: "application/pdf",
              },
            },
          },
        ]),
      ),
    ).toBe(0);
  });

  it("is never more than the estimate", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
        const one = input([text(value)]);
        expect(leastOf(one)).toBeLessThanOrEqual(estimateOf(one));
      }),
    );
  });
});
