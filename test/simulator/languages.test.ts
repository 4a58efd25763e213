import { describe, expect, it } from "vitest";
import { guessLanguage } from "../../src/simulator/guess-language.ts";
import type { Language } from "../../src/simulator/language.ts";
import { phrases } from "../../src/simulator/phrases.ts";
import { ask, chatModel, reasoningModel, simulate } from "../support/running-simulator.ts";

const prompts: readonly { readonly language: Language; readonly says: readonly string[] }[] = [
  {
    language: "ko",
    says: ["한국어 문법 질문입니다", "REST API 설계를 도와줘", "Kubernetes가 뭐야?", "漢字 뜻 알려줘"],
  },
  { language: "ja", says: ["日本語で答えて", "東京都の人口は？", "TypeScriptの型を説明して"] },
  { language: "zh", says: ["你好，请介绍一下自己", "東京", "用 Python 写一个快速排序"] },
  {
    language: "en",
    says: ["Hello", "Explain recursion", "What is the capital of Korea?", "", "123 + 4", "naïve café"],
  },
  { language: "es", says: ["Hola, ¿cómo estás?", "Escribe un poema sobre el mar"] },
  { language: "fr", says: ["Bonjour, comment ça va ?", "Quelle est la capitale de la Corée ?"] },
  { language: "de", says: ["Wie geht es dir?", "Schreibe ein Gedicht über das Meer", "Was ist ein Monad?"] },
  { language: "pt", says: ["Olá, tudo bem?", "O que é uma função?"] },
  { language: "it", says: ["Ciao, come stai?", "Qual è la capitale della Corea?"] },
  { language: "nl", says: ["Hoe gaat het?", "Wat is een functie?"] },
  { language: "pl", says: ["Cześć, jak się masz?", "Co to jest funkcja?"] },
  { language: "tr", says: ["Merhaba, nasılsın?", "Bir şiir yaz"] },
  { language: "vi", says: ["Xin chào, bạn khỏe không?"] },
  { language: "id", says: ["Apa kabar?", "Tolong tulis puisi untuk saya"] },
  { language: "ru", says: ["Привет", "Что такое монада?"] },
  { language: "uk", says: ["Привіт, як справи?"] },
  { language: "el", says: ["Γεια σου, τι κάνεις;"] },
  { language: "ar", says: ["مرحبا، كيف حالك؟"] },
  { language: "he", says: ["שלום, מה שלומך?"] },
  { language: "hi", says: ["नमस्ते, आप कैसे हैं?"] },
  { language: "th", says: ["สวัสดี สบายดีไหม"] },
];

describe("guessLanguage()", () => {
  for (const { language, says } of prompts) {
    for (const text of says) {
      it(`takes ${JSON.stringify(text)} for ${language}`, () => {
        expect(guessLanguage(text)).toBe(language);
      });
    }
  }
});

describe("an answer", () => {
  it("is in the language of the prompt", async () => {
    const { sdk } = await simulate();
    for (const { language, says } of prompts) {
      const { choices } = await sdk.chat.completions.create(ask(says[0]!));
      const content = choices[0]!.message.content!;
      expect(content.startsWith(phrases[language].simulated(chatModel))).toBe(true);
      expect(content).toContain(phrases[language].asked(says[0]!));
    }
  });

  it("in Korean says so in Korean, reasoning included", async () => {
    const { sdk } = await simulate();
    const { choices } = await sdk.chat.completions.create(
      ask("한국어 문법 질문입니다", { model: reasoningModel }),
    );
    expect(choices[0]!.message.content).toMatch(/^이것은 모의\(simulated\) 응답입니다\./);
    expect(choices[0]!.message).toMatchObject({
      reasoning_content: expect.stringMatching(/^보내 주신 내용은/),
    });
  });

  it("follows what the user said last, not the system's text", async () => {
    const { sdk } = await simulate();
    const { choices } = await sdk.chat.completions.create({
      model: chatModel,
      messages: [
        { role: "system", content: "You are a helpful assistant. Answer what the user asks." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi" },
        { role: "user", content: "안녕하세요" },
      ],
    });
    expect(choices[0]!.message.content).toMatch(/^이것은 모의/);
  });
});

describe("the phrases", () => {
  for (const [language, say] of Object.entries(phrases)) {
    it(`in ${language} name the model first of all and quote what they are given`, () => {
      expect(say.simulated("the/model")).toContain("the/model");
      expect(say.asked("“quoted”")).toContain("“quoted”");
      expect(say.toolSaid("23 °C")).toContain("23 °C");
      expect(say.attached(3)).toContain("3");
      expect(say.more.length).toBeGreaterThanOrEqual(3);
      expect(new Set(say.more).size).toBe(say.more.length);
    });
  }
});
