import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FinishReason } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChoiceDelta, ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { type ChunkDecoder, createChunkDecoder } from "../../src/upstream/chunk-decoder.ts";

function chunk(choice: object, rest: object = {}): string {
  return JSON.stringify({
    id: "c-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [choice],
    ...rest,
  });
}

function delta(delta: object, rest: object = {}): string {
  return chunk({ index: 0, delta, finish_reason: null, ...rest });
}

const stop = chunk({ index: 0, delta: {}, finish_reason: "stop" });

function decodeAll(chunks: readonly string[], decoder: ChunkDecoder = createChunkDecoder()) {
  const deltas: ChoiceDelta[] = [];
  const ends: ChoiceEnd[] = [];
  for (const data of chunks) {
    const result = decoder.decode(data);
    if (result.kind !== "chunk") {
      throw new Error(`${result.kind}: ${data}`);
    }
    deltas.push(...result.deltas);
    ends.push(...result.ends);
  }
  return { deltas, ends, decoder };
}

function shown(deltas: readonly ChoiceDelta[]): unknown[] {
  return deltas.map(({ delta }) => {
    if (delta.case !== "toolCall") {
      return [delta.case, delta.value];
    }
    const { toolIndex, id, name, argumentsFragment } = delta.value;
    return [toolIndex, id, name, argumentsFragment];
  });
}

/** Assembles as a caller does: id and name from the first fragment, arguments appended. */
function assemble(deltas: readonly ChoiceDelta[]): Map<number, { id: string; name: string; text: string }> {
  const calls = new Map<number, { id: string; name: string; text: string }>();
  for (const { delta } of deltas) {
    if (delta.case === "toolCall") {
      const { toolIndex, id, name, argumentsFragment } = delta.value;
      const call = calls.get(toolIndex);
      if ((call === undefined) !== (id !== "" && name !== "")) {
        throw new Error(`id and name do not come with the first fragment of ${toolIndex} alone`);
      }
      calls.set(
        toolIndex,
        call === undefined
          ? { id, name, text: argumentsFragment }
          : { ...call, text: call.text + argumentsFragment },
      );
    }
  }
  return calls;
}

const fragment = (index: number | undefined, id?: string, name?: string, args?: string) => ({
  ...(index === undefined ? {} : { index }),
  ...(id === undefined ? {} : { id }),
  function: { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { arguments: args }) },
});
const tools = (...fragments: readonly object[]) => delta({ tool_calls: fragments });
const finishTools = chunk({ index: 0, delta: {}, finish_reason: "tool_calls" });

const usage = (output: unknown) => ({ usage: { prompt_tokens: 1, completion_tokens: output } });

const logprobs = (...tokens: readonly string[]) => ({
  logprobs: { content: tokens.map((token) => ({ token, logprob: -1, bytes: null, top_logprobs: [] })) },
});

describe("createChunkDecoder()", () => {
  const kinds: readonly { name: string; data: string; expected: readonly unknown[] }[] = [
    { name: "gives nothing for a bare role", data: delta({ role: "assistant" }), expected: [] },
    {
      name: "gives nothing for empty strings",
      data: delta({ role: "assistant", content: "", refusal: "", reasoning_content: "" }),
      expected: [],
    },
    {
      name: "gives nothing for nulls",
      data: delta({ content: null, refusal: null, tool_calls: null, function_call: null, reasoning: null }),
      expected: [],
    },
    { name: "gives nothing for a choice without a delta", data: chunk({ index: 0 }), expected: [] },
    { name: "gives text", data: delta({ content: "hi" }), expected: [["text", "hi"]] },
    {
      name: "gives white space, which is content",
      data: delta({ content: "\n" }),
      expected: [["text", "\n"]],
    },
    {
      name: "gives text of an array of parts",
      data: delta({ content: [{ type: "text", text: "hi" }] }),
      expected: [["text", "hi"]],
    },
    {
      name: "gives reasoning once if under two names",
      data: delta({ reasoning: "hm", reasoning_content: "hm" }),
      expected: [["reasoning", "hm"]],
    },
    {
      name: "gives a signature by itself",
      data: delta({
        reasoning_content: "hm",
        thinking_blocks: [{ type: "thinking", thinking: "hm", signature: "s" }],
      }),
      expected: [
        ["reasoning", "hm"],
        ["reasoningSignature", Uint8Array.of(115)],
      ],
    },
    {
      name: "gives one delta for each kind of content in a chunk",
      data: delta({ content: "a", refusal: "b", reasoning: "c", tool_calls: [fragment(0, "i", "f", "{")] }),
      expected: [
        ["reasoning", "c"],
        ["text", "a"],
        ["refusal", "b"],
        [0, "i", "f", "{"],
      ],
    },
  ];
  it.each(kinds.map((row) => [row.name, row] as const))("%s", (_, { data, expected }) => {
    expect(shown(decodeAll([data]).deltas)).toEqual(expected);
  });

  it("tells the end of a choice, native and normalised", () => {
    expect(decodeAll([stop]).ends).toMatchObject([
      { index: 0, finishReason: FinishReason.STOP, nativeFinishReason: "stop" },
    ]);
  });

  it("gives content that comes with the finish reason", () => {
    const { deltas, ends } = decodeAll([delta({ content: "." }, { finish_reason: "length" })]);
    expect([shown(deltas), ends.length]).toEqual([[["text", "."]], 1]);
  });

  it("drops content after the finish of its choice, and every later finish", () => {
    const { deltas, ends } = decodeAll([
      stop,
      delta({ content: "late" }),
      delta({}, { finish_reason: "length" }),
    ]);
    expect([deltas, ends.map((end) => end.nativeFinishReason)]).toEqual([[], ["stop"]]);
  });

  it("takes an empty finish reason for none", () => {
    expect(decodeAll([delta({ content: "a" }, { finish_reason: "" })]).ends).toEqual([]);
  });

  it("keeps choices apart", () => {
    const both = JSON.stringify({
      choices: [
        { index: 1, delta: { content: "b" } },
        { index: 0, delta: { content: "a" }, finish_reason: "stop" },
      ],
    });
    const { deltas, ends } = decodeAll([
      both,
      chunk({ index: 1, delta: { content: "c" }, finish_reason: "stop" }),
    ]);
    expect(deltas.map(({ index, delta }) => [index, delta.value])).toEqual([
      [1, "b"],
      [0, "a"],
      [1, "c"],
    ]);
    expect(ends.map((end) => end.index)).toEqual([0, 1]);
  });

  describe("head and usage", () => {
    it("know nothing before the first chunk", () => {
      const decoder = createChunkDecoder();
      expect([decoder.start(), decoder.usage()]).toEqual([undefined, undefined]);
    });

    it("keep what the first chunk said and fill in what it left empty", () => {
      const { decoder } = decodeAll([
        JSON.stringify({ id: "", created: 0, model: "", choices: [], prompt_filter_results: [] }),
        chunk({ index: 0, delta: {} }),
        chunk({ index: 0, delta: {} }, { id: "other", model: "other", created: 9 }),
      ]);
      expect(decoder.start()).toEqual({ id: "c-1", createdSeconds: 1, modelVersion: "m" });
    });

    it("keep the id of the first chunk while the model is still to come", () => {
      const { decoder } = decodeAll([
        JSON.stringify({ id: "first", choices: [] }),
        JSON.stringify({ id: "second", model: "m", choices: [] }),
      ]);
      expect(decoder.start()).toEqual({ id: "first", createdSeconds: undefined, modelVersion: "m" });
    });

    const usages = [
      {
        name: "come in a last chunk without choices",
        chunks: [stop, JSON.stringify({ choices: [], ...usage(5) })],
        expected: 5,
      },
      {
        name: "come in a last chunk with choices null",
        chunks: [stop, JSON.stringify({ choices: null, ...usage(5) })],
        expected: 5,
      },
      {
        name: "come in every chunk: the last holds",
        chunks: [chunk({ index: 0 }, usage(1)), chunk({ index: 0 }, usage(2))],
        expected: 2,
      },
      {
        name: "are not undone by nonsense or null",
        chunks: [
          chunk({ index: 0 }, usage(1)),
          chunk({ index: 0 }, usage(-2)),
          chunk({ index: 0 }, { usage: null }),
        ],
        expected: 1,
      },
      {
        name: "may stand in the choice",
        chunks: [chunk({ index: 0, delta: {}, finish_reason: "stop", ...usage(3) })],
        expected: 3,
      },
    ];
    it.each(usages.map((row) => [row.name, row] as const))("%s", (_, { chunks, expected }) => {
      expect(decodeAll(chunks).decoder.usage()?.outputTokens).toBe(expected);
    });
  });

  describe("logprobs", () => {
    it("come with the text that they annotate", () => {
      const { deltas } = decodeAll([delta({ reasoning: "hm", content: "hi" }, logprobs("hi"))]);
      expect(deltas.map(({ delta, logprobs }) => [delta.case, logprobs.map(({ token }) => token)])).toEqual([
        ["reasoning", []],
        ["text", ["hi"]],
      ]);
    });

    it("of half a code point wait for the text that completes it", () => {
      const { deltas } = decodeAll([
        delta({ content: "" }, logprobs("\\xf0")),
        delta({ content: "😀" }, logprobs("\\x9f")),
      ]);
      expect(deltas.map(({ logprobs }) => logprobs.map(({ token }) => token))).toEqual([["\\xf0", "\\x9f"]]);
    });
  });

  describe("tool calls", () => {
    const cases: readonly { name: string; chunks: readonly string[]; expected: readonly unknown[] }[] = [
      {
        name: "arrive by index, id and name once",
        chunks: [
          tools(fragment(0, "a", "f", "")),
          tools(fragment(0, undefined, undefined, '{"x"')),
          tools(fragment(0, undefined, undefined, ":1}")),
        ],
        expected: [
          [0, "a", "f", ""],
          [0, "", "", '{"x"'],
          [0, "", "", ":1}"],
        ],
      },
      {
        name: "tell id and name once though the upstream repeats them",
        chunks: [
          tools(fragment(0, "a", "f", "{")),
          tools(fragment(0, "a", "f", "}")),
          tools(fragment(0, "a", "f", "")),
        ],
        expected: [
          [0, "a", "f", "{"],
          [0, "", "", "}"],
        ],
      },
      {
        name: "wait for an id that comes later",
        chunks: [
          tools(fragment(0, undefined, "f", "{")),
          tools(fragment(0, undefined, undefined, "}")),
          tools(fragment(0, "a")),
          tools(fragment(0, "", "", " ")),
        ],
        expected: [
          [0, "a", "f", "{}"],
          [0, "", "", " "],
        ],
      },
      {
        name: "get an id at the finish if none came",
        chunks: [tools(fragment(0, undefined, "f", "{")), tools(fragment(0, "", "", "}")), finishTools],
        expected: [[0, "call_c-1_0_0", "f", "{}"]],
      },
      {
        name: "interleave, out of order",
        chunks: [
          tools(fragment(1, "b", "g", "[")),
          tools(fragment(0, "a", "f", "{"), fragment(1, undefined, undefined, "]")),
          tools(fragment(0, undefined, undefined, "}")),
        ],
        expected: [
          [1, "b", "g", "["],
          [0, "a", "f", "{"],
          [1, "", "", "]"],
          [0, "", "", "}"],
        ],
      },
      {
        name: "without an index are told apart by id",
        chunks: [
          tools(fragment(undefined, "a", "f", "{")),
          tools(fragment(undefined, undefined, undefined, "}")),
          tools(fragment(undefined, "b", "f", "{}")),
          tools(fragment(undefined, "a", "f", " ")),
        ],
        expected: [
          [0, "a", "f", "{"],
          [0, "", "", "}"],
          [1, "b", "f", "{}"],
          [0, "", "", " "],
        ],
      },
      {
        name: "without index and id are told apart by name and by the end of the arguments",
        chunks: [
          tools(fragment(undefined, undefined, "f", '{"a":"}')),
          tools(fragment(undefined, undefined, "f", '"}')),
          tools(fragment(undefined, undefined, "f", '{"b":1}')),
          tools(fragment(undefined, undefined, "g", "{}")),
          finishTools,
        ],
        expected: [
          [0, "call_c-1_0_0", "f", '{"a":"}"}'],
          [1, "call_c-1_0_1", "f", '{"b":1}'],
          [2, "call_c-1_0_2", "g", "{}"],
        ],
      },
      {
        name: "all under index 0 are told apart by id",
        chunks: [
          tools(fragment(0, "a", "f", "{}")),
          tools(fragment(0, "b", "f", "[")),
          tools(fragment(0, undefined, undefined, "]")),
          tools(fragment(1, "c", "h", "{}")),
        ],
        expected: [
          [0, "a", "f", "{}"],
          [1, "b", "f", "["],
          [1, "", "", "]"],
          [2, "c", "h", "{}"],
        ],
      },
      {
        name: "may come as function_call",
        chunks: [
          delta({ function_call: { name: "f", arguments: "" } }),
          delta({ function_call: { arguments: "{}" } }),
        ],
        expected: [
          [0, "call_c-1_0_0", "f", ""],
          [0, "", "", "{}"],
        ],
      },
      { name: "that say nothing are nothing", chunks: [tools({ index: 0 }), finishTools], expected: [] },
      {
        name: "keep invalid JSON",
        chunks: [tools(fragment(0, "a", "f", "{nope"))],
        expected: [[0, "a", "f", "{nope"]],
      },
    ];
    it.each(cases.map((row) => [row.name, row] as const))("%s", (_, { chunks, expected }) => {
      expect(shown(decodeAll(chunks).deltas)).toEqual(expected);
    });

    it("of two choices have ids of their own", () => {
      const call = {
        delta: { tool_calls: [fragment(0, undefined, "f", "{}")] },
        finish_reason: "tool_calls",
      };
      const { deltas } = decodeAll([chunk({ index: 0, ...call }), chunk({ index: 1, ...call })]);
      expect(shown(deltas)).toEqual([
        [0, "call_c-1_0_0", "f", "{}"],
        [0, "call_c-1_1_0", "f", "{}"],
      ]);
    });

    it("held back are told by flush where no finish reason comes", () => {
      const { deltas, decoder } = decodeAll([tools(fragment(0, undefined, "f", "{}"))]);
      expect([deltas, shown(decoder.flush()), decoder.flush()]).toEqual([
        [],
        [[0, "call_c-1_0_0", "f", "{}"]],
        [],
      ]);
    });

    it("that never got a name make the stream malformed", () => {
      const decoder = createChunkDecoder();
      decoder.decode(tools(fragment(0, "a", undefined, "{}")));
      expect(decoder.decode(finishTools).kind).toBe("malformed");
    });

    it("come out the same however their arguments are cut and interleaved", () => {
      const call = fc.record({
        id: fc.uuid(),
        name: fc.stringMatching(/^[a-z_]{1,8}$/),
        pieces: fc.array(fc.string({ maxLength: 6, unit: "binary" }), { minLength: 1, maxLength: 6 }),
        idAt: fc.nat(5),
        nameAt: fc.nat(5),
        repeat: fc.boolean(),
      });
      const scenario = fc.tuple(
        fc.uniqueArray(call, { selector: ({ id }) => id, minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(1000)),
        fc.boolean(),
      );
      fc.assert(
        fc.property(scenario, ([calls, picks, together]) => {
          const queues = calls.map(({ id, name, pieces, idAt, nameAt, repeat }, index) =>
            pieces.map((piece, at) => {
              const last = pieces.length - 1;
              const has = (where: number) =>
                repeat ? at >= Math.min(where, last) : at === Math.min(where, last);
              return fragment(index, has(idAt) ? id : undefined, has(nameAt) ? name : undefined, piece);
            }),
          );
          const order: object[] = [];
          while (queues.some((queue) => queue.length > 0)) {
            const open = queues.filter((queue) => queue.length > 0);
            order.push(open[picks.next().value! % open.length]!.shift()!);
          }
          const chunks = together ? [tools(...order)] : order.map((one) => tools(one));
          const assembled = assemble(decodeAll([...chunks, finishTools]).deltas);
          expect(assembled).toEqual(
            new Map(calls.map(({ id, name, pieces }, index) => [index, { id, name, text: pieces.join("") }])),
          );
        }),
        { numRuns: 500 },
      );
    });
  });

  const errors: readonly [string, string, unknown][] = [
    ["an error", '{"error":{"message":"no","code":"x"}}', { message: "no", code: "x" }],
    ["an error as text", '{"error":"no"}', "no"],
    [
      "an error beside choices",
      '{"error":{"code":502},"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}',
      { code: 502 },
    ],
    [
      "vLLM's error",
      '{"object":"error","message":"no","code":400}',
      { object: "error", message: "no", code: 400 },
    ],
  ];
  for (const [name, data, error] of errors) {
    it(`hands out ${name}`, () => {
      expect(createChunkDecoder().decode(data)).toEqual({ kind: "error", error });
    });
  }

  for (const none of ["null", '""', "false"]) {
    it(`takes the error ${none} for none`, () => {
      expect(createChunkDecoder().decode(`{"error":${none},"choices":[]}`).kind).toBe("chunk");
    });
  }

  const nonsense = [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"text"',
    "{}",
    "<html>",
    "[DONE]",
    '{"foo":1}',
    '{"choices":{}}',
    '{"choices":"x"}',
    '{"choices":[null]}',
    '{"choices":[[]]}',
    chunk({ index: -1, delta: {} }),
    chunk({ index: "0", delta: {} }),
    chunk({ index: 1e20, delta: {} }),
    chunk({ index: 0, delta: "text" }),
    chunk({ index: 0, delta: [] }),
    delta({ content: 7 }),
    delta({ content: {} }),
    delta({ refusal: 7 }),
    delta({ tool_calls: {} }),
    delta({ tool_calls: [null] }),
    delta({ tool_calls: [{ index: "0" }] }),
    delta({ tool_calls: [{ index: 0, function: "f" }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: 7 } }] }),
    delta({ tool_calls: [{ index: 0, id: 7 }] }),
    delta({ function_call: "f" }),
    delta({}, { finish_reason: 7 }),
  ];
  for (const data of nonsense) {
    it(`takes ${data.slice(-70) || "nothing"} for malformed`, () => {
      expect(createChunkDecoder().decode(data)).toEqual({ kind: "malformed" });
    });
  }

  it("never throws and never gives empty content, whatever arrives", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const loose = fc.oneof(value, fc.string(), fc.constantFrom(null, 0, 1));
    const call = fc.record(
      { index: loose, id: loose, function: fc.oneof(value, fc.record({ name: loose, arguments: loose })) },
      { requiredKeys: [] },
    );
    const delta = fc.record(
      {
        content: loose,
        refusal: loose,
        reasoning_content: loose,
        thinking_blocks: value,
        tool_calls: fc.array(call),
        function_call: loose,
      },
      { requiredKeys: [] },
    );
    const choice = fc.record(
      {
        index: fc.constantFrom(0, 1, "0", null),
        delta: fc.oneof(delta, value),
        finish_reason: fc.constantFrom(null, "stop", "", 1),
        logprobs: value,
      },
      { requiredKeys: [] },
    );
    const data = fc.oneof(
      fc.string(),
      value.map((value) => JSON.stringify(value)),
      fc
        .record({ id: loose, choices: fc.array(choice), usage: value, created: loose })
        .map((chunk) => JSON.stringify(chunk)),
    );
    fc.assert(
      fc.property(fc.array(data, { maxLength: 8 }), (stream) => {
        const decoder = createChunkDecoder();
        for (const data of stream) {
          const result = decoder.decode(data);
          for (const { delta } of result.kind === "chunk" ? result.deltas : []) {
            expect(delta.case).toBeDefined();
            expect(
              delta.case === "toolCall" ? delta.value.argumentsFragment + delta.value.id : delta.value,
            ).not.toHaveLength(0);
          }
        }
        decoder.flush();
      }),
      { numRuns: 500 },
    );
  });

  it("reads a long stream of pieces without index in time that grows with its length", () => {
    const decoder = createChunkDecoder();
    decoder.decode(tools(fragment(undefined, undefined, "f", "{")));
    const piece = tools(fragment(undefined, undefined, "f", '"b":{},"c":{}'));
    const started = performance.now();
    for (let sent = 0; sent < 50_000; sent++) {
      decoder.decode(piece);
    }
    // Parsing all arguments so far with every piece took minutes.
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
