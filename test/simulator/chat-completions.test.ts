import type { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import {
  ask,
  chatModel,
  dataOf,
  reasoningModel,
  type RunningSimulator,
  simulate,
} from "../support/running-simulator.ts";

type Extra = Partial<Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "stream">>;

function complete({ sdk }: RunningSimulator, content: string, more: Extra = {}) {
  return sdk.chat.completions.create({ ...ask(content), ...more });
}

async function chunksOf({ sdk }: RunningSimulator, content: string, more: Extra = {}) {
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  const stream = await sdk.chat.completions.create({
    ...ask(content),
    ...more,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** The text of each choice of a stream, by index. */
function textsOf(chunks: readonly OpenAI.ChatCompletionChunk[]): readonly string[] {
  const texts: string[] = [];
  for (const { choices } of chunks) {
    for (const { index, delta } of choices) texts[index] = (texts[index] ?? "") + (delta.content ?? "");
  }
  return texts;
}

describe("a chat completion", () => {
  it("is answered to the official SDK, and says that it is simulated wherever it can", async () => {
    const simulator = await simulate({}, { now: () => 1_700_000_000_999 });
    const { data, response, request_id } = await simulator.sdk.chat.completions
      .create(ask("Hello"))
      .withResponse();
    expect(data).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-sim[0-9a-f]{24}$/),
      object: "chat.completion",
      created: 1_700_000_000,
      model: chatModel,
      system_fingerprint: "fp_simulated",
      choices: [{ index: 0, finish_reason: "stop", logprobs: null }],
    });
    expect(data.choices[0]!.message).toEqual({
      role: "assistant",
      refusal: null,
      content: expect.stringMatching(/^This is a simulated answer: .*openai\/gpt-4\.1\. You wrote: "Hello"/),
    });
    expect(response.headers.get("x-simulated")).toBe("true");
    expect(request_id).toMatch(/^req_sim/);
  });

  it("counts usage: more for a longer prompt, and all of the answer", async () => {
    const simulator = await simulate();
    const short = (await complete(simulator, "Hello")).usage!;
    const long = (await complete(simulator, "Hello ".repeat(100))).usage!;
    expect(long.prompt_tokens - short.prompt_tokens).toBeGreaterThanOrEqual(90);
    expect(short.completion_tokens).toBeGreaterThan(20);
    expect(short.total_tokens).toBe(short.prompt_tokens + short.completion_tokens);
  });

  it("is the same for the same request and seed, in another simulator too", async () => {
    const [first, second] = [await simulate(), await simulate()];
    const { created: _, ...once } = await complete(first, "Hello");
    const { created: __, ...again } = await complete(second, "Hello");
    expect(again).toEqual(once);
  });

  it("is another for another seed of the simulator, of the request, or another prompt", async () => {
    const simulator = await simulate();
    const other = await simulate({ seed: 2 });
    const ids = [
      await complete(simulator, "Hello"),
      await complete(other, "Hello"),
      await complete(simulator, "Hello", { seed: 7 }),
      await complete(simulator, "Hello!"),
      await complete(simulator, "Hello", { temperature: 0 }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("keeps the beginning when it is cut at max_tokens, and says so", async () => {
    const simulator = await simulate();
    const whole = await complete(simulator, "Hello");
    for (const limit of [{ max_tokens: 5 }, { max_completion_tokens: 5 }]) {
      const cut = await complete(simulator, "Hello", limit);
      expect(cut.choices[0]).toMatchObject({
        finish_reason: "length",
        message: { content: "This is a simulated" },
      });
      expect(cut.usage!.completion_tokens).toBe(5);
      expect(cut.id).toBe(whole.id);
    }
    const enough = await complete(simulator, "Hello", { max_tokens: whole.usage!.completion_tokens });
    expect(enough.choices).toEqual(whole.choices);
  });

  it("ends before the first of the stop sequences", async () => {
    const simulator = await simulate();
    for (const stop of ["simulated", ["no such text", "simulated", "answer"], ["", "simulated"]]) {
      const { choices } = await complete(simulator, "Hello", { stop });
      expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "This is a " } });
    }
  });

  it("has as many different choices as are asked for, the first as if it were alone", async () => {
    const simulator = await simulate();
    const one = await complete(simulator, "Hello");
    const three = await complete(simulator, "Hello", { n: 3 });
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(three.choices[0]).toEqual(one.choices[0]);
    expect(new Set(three.choices.map(({ message }) => message.content)).size).toBe(3);
    expect(three.usage!.completion_tokens).toBeGreaterThan(2 * one.usage!.completion_tokens);
  });

  it("has log probabilities of every token of its text, best first", async () => {
    const simulator = await simulate();
    const { choices } = await complete(simulator, "Hello 😀", { logprobs: true, top_logprobs: 3 });
    const content = choices[0]!.logprobs!.content!;
    expect(content.map(({ token }) => token).join("")).toBe(choices[0]!.message.content);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(bytes).toEqual([...Buffer.from(token)]);
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes });
      const order = top_logprobs.map((alternative) => alternative.logprob);
      expect(order).toEqual(order.toSorted((left, right) => right - left));
      expect(logprob).toBeLessThanOrEqual(0);
    }
  });

  it("has log probabilities without alternatives where none are asked for", async () => {
    const { choices } = await complete(await simulate(), "Hello", { logprobs: true });
    expect(choices[0]!.logprobs!.content![0]!.top_logprobs).toEqual([]);
  });

  it("of a reasoning model comes with its reasoning, which is paid", async () => {
    const { choices, usage } = await complete(await simulate(), "Hello", { model: reasoningModel });
    expect(choices[0]!.message).toMatchObject({ reasoning_content: expect.stringContaining("Hello") });
    const reasoning = usage!.completion_tokens_details!.reasoning_tokens!;
    expect(reasoning).toBeGreaterThan(0);
    expect(usage!.completion_tokens).toBeGreaterThan(reasoning);
  });

  it("spends its allowance on reasoning first", async () => {
    const { choices, usage } = await complete(await simulate(), "Hello", {
      model: reasoningModel,
      max_tokens: 3,
    });
    expect(choices[0]).toMatchObject({ finish_reason: "length", message: { content: "" } });
    expect(usage!.completion_tokens_details!.reasoning_tokens).toBe(3);
  });

  it("says what came along, and counts it", async () => {
    const simulator = await simulate();
    const plain = await complete(simulator, "look");
    const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,AA==" } };
    const seen = await complete(simulator, "", {
      messages: [{ role: "user", content: [{ type: "text", text: "look" }, image, image] }],
    });
    expect(seen.choices[0]!.message.content).toContain("2 attachment");
    expect(seen.usage!.prompt_tokens).toBeGreaterThan(plain.usage!.prompt_tokens + 100);
  });
});

describe("a stream of a chat completion", () => {
  const requests: readonly { readonly name: string; readonly content: string; readonly more: Extra }[] = [
    { name: "text", content: "Hello", more: {} },
    { name: "several choices", content: "Hello", more: { n: 3 } },
    { name: "a cut text", content: "Hello", more: { max_tokens: 4 } },
    { name: "a text without a token", content: "Hello", more: { stop: "This" } },
    { name: "log probabilities", content: "Hello", more: { logprobs: true, top_logprobs: 2, n: 2 } },
    { name: "reasoning", content: "안녕하세요", more: { model: reasoningModel } },
    { name: "an emoji", content: "😀😀", more: {} },
    { name: "JSON", content: "Hello", more: { response_format: { type: "json_object" } } },
    {
      name: "calls",
      content: "weather and time in Seoul?",
      more: {
        n: 2,
        tools: ["get_weather", "get_time"].map((name) => ({
          type: "function",
          function: { name, parameters: { type: "object", properties: { city: { type: "string" } } } },
        })),
      },
    },
  ];
  for (const { name, content, more } of requests) {
    it(`says what the unary answer says: ${name}`, async () => {
      const simulator = await simulate();
      const whole = await complete(simulator, content, more);
      // The SDK puts a stream together by its own rules.
      const assembled = await simulator.sdk.chat.completions
        .stream({ ...ask(content), ...more, stream_options: { include_usage: true } })
        .finalChatCompletion();
      expect(assembled.id).toBe(whole.id);
      expect(assembled.usage).toEqual(whole.usage);
      for (const [at, { message, finish_reason, logprobs }] of whole.choices.entries()) {
        const found = assembled.choices[at]!;
        expect(found.finish_reason).toBe(finish_reason);
        expect(found.message.content ?? "").toBe(message.content ?? "");
        expect(found.logprobs?.content ?? undefined).toEqual(logprobs?.content ?? undefined);
        for (const [index, call] of (message.tool_calls ?? []).entries()) {
          expect(found.message.tool_calls?.[index]).toMatchObject(call);
        }
        expect(found.message.tool_calls?.length ?? 0).toBe(message.tool_calls?.length ?? 0);
      }
    });
  }

  it("opens with the role, ends with the reason, the usage and [DONE]", async () => {
    const simulator = await simulate();
    const response = await simulator.post(
      ask("Hello", { stream: true, stream_options: { include_usage: true } }),
    );
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const data = dataOf(await response.text());
    expect(data.at(-1)).toBe("[DONE]");
    const chunks = data.slice(0, -1).map((text) => JSON.parse(text));
    const [first, ...others] = chunks;
    expect(first.choices).toEqual([
      {
        index: 0,
        delta: { role: "assistant", content: "", refusal: null },
        logprobs: null,
        finish_reason: null,
      },
    ]);
    const [usage, last, ...tokens] = others.toReversed();
    expect(last.choices).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]);
    expect(usage.choices).toEqual([]);
    expect(usage.usage.completion_tokens).toBe(tokens.length);
    for (const chunk of [first, last, ...tokens]) {
      expect(chunk).toMatchObject({
        id: first.id,
        object: "chat.completion.chunk",
        model: chatModel,
        system_fingerprint: "fp_simulated",
        usage: null,
      });
    }
  });

  it("has no usage where none is asked for", async () => {
    const { post } = await simulate();
    const text = await (await post(ask("Hello", { stream: true }))).text();
    expect(text).not.toContain("usage");
    expect(text).toMatch(/"finish_reason":"stop"\}\]\}\n\ndata: \[DONE\]\n\n$/);
  });

  it("interleaves its choices token by token", async () => {
    const chunks = await chunksOf(await simulate(), "Hello", { n: 3 });
    const order = chunks.flatMap(({ choices }) => choices.map(({ index }) => index));
    expect(order.slice(0, 9)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    expect(textsOf(chunks)).toHaveLength(3);
  });

  it("begins a call with its id, type and name, and then sends its arguments in pieces", async () => {
    const tools: Extra["tools"] = [
      {
        type: "function",
        function: {
          name: "get_weather",
          parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        },
      },
    ];
    const chunks = await chunksOf(await simulate(), "weather?", { tools });
    const deltas = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
    const [first, ...pieces] = deltas;
    expect(first).toEqual({
      index: 0,
      id: expect.stringMatching(/^call_sim/),
      type: "function",
      function: { name: "get_weather", arguments: "" },
    });
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) {
      expect(piece).toEqual({ index: 0, function: { arguments: expect.any(String) } });
    }
    expect(JSON.parse(pieces.map((piece) => piece.function!.arguments).join(""))).toEqual({ city: "Seoul" });
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe("tool_calls");
  });

  it("does not split a character between two tokens", async () => {
    const chunks = await chunksOf(await simulate(), "😀가👩‍👩‍👧");
    for (const { choices } of chunks) expect((choices[0]?.delta.content ?? "").isWellFormed()).toBe(true);
    expect(textsOf(chunks)[0]).toContain("😀가👩‍👩‍👧");
  });
});
