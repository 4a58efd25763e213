import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseDecoder, type SseEvent } from "../../src/upstream/sse-decoder.ts";

/** Every event of the bytes, read in these pieces and then to their end. */
function decode(pieces: readonly (string | Uint8Array)[]): readonly SseEvent[] | "too-long" {
  const decoder = createSseDecoder();
  const events: SseEvent[] = [];
  for (const piece of pieces) {
    const read = decoder.push(Buffer.from(piece as string));
    if (read === undefined) return "too-long";
    events.push(...read);
  }
  const last = decoder.end();
  return last === undefined ? events : [...events, last];
}

const dataOf = (pieces: readonly (string | Uint8Array)[]) => {
  const events = decode(pieces);
  return events === "too-long" ? events : events.map(({ data }) => data);
};

/** Cuts bytes at every place. */
const byteByByte = (text: string | Uint8Array) =>
  [...Buffer.from(text as string)].map((byte) => Buffer.from([byte]));

/** The specification, read off the lines themselves. */
function expected(all: readonly string[]): readonly SseEvent[] {
  const events: SseEvent[] = [];
  let name = "";
  let data: string[] = [];
  for (const text of [...all, ""]) {
    const [, field = "", content = ""] = /^([^:]*): ?(.*)$/su.exec(text) ?? [];
    if (text === "") {
      if (data.join("\n") !== "") events.push({ name, data: data.join("\n") });
      name = "";
      data = [];
    } else if (field === "data") data.push(content);
    else if (field === "event") name = content;
  }
  return events;
}

describe("events", () => {
  const cases: readonly { name: string; text: string; expected: readonly string[] }[] = [
    { name: "end with a blank line", text: "data: a\n\ndata: b\n\n", expected: ["a", "b"] },
    { name: "may end their lines with CR LF", text: "data: a\r\n\r\ndata: b\r\n\r\n", expected: ["a", "b"] },
    { name: "may end their lines with CR", text: "data: a\r\rdata: b\r\r", expected: ["a", "b"] },
    {
      name: "may mix the ends of their lines",
      text: "data: a\n\r\ndata: b\r\r\ndata: c\r\n\n",
      expected: ["a", "b", "c"],
    },
    { name: "join their data lines", text: "data: {\ndata: }\n\n", expected: ["{\n}"] },
    { name: "join their data lines over CR LF", text: "data: {\r\ndata: }\r\n\r\n", expected: ["{\n}"] },
    {
      name: "lose one space after the colon, and no more",
      text: "data:a\n\ndata:  b\n\n",
      expected: ["a", " b"],
    },
    { name: "are not made by comments", text: ": hi\n\n:\n\n: there\ndata: a\n\n", expected: ["a"] },
    { name: "are not made by empty data", text: "data:\n\ndata: \n\ndata: a\n\n", expected: ["a"] },
    { name: "are not made by other fields", text: "id: 1\nretry: 5\nfoo: bar\ndata\n\n", expected: [] },
    { name: "keep a colon in their data", text: 'data: {"a":1}\n\n', expected: ['{"a":1}'] },
    { name: "do without a byte order mark", text: "\ufeffdata: a\n\n", expected: ["a"] },
    {
      name: "keep a byte order mark that is not the first",
      text: "data: \ufeffa\n\n",
      expected: ["\ufeffa"],
    },
    {
      name: "count at the end of the body without their blank line",
      text: "data: a\n\ndata: b\n",
      expected: ["a", "b"],
    },
    {
      name: "count at the end of the body without the end of their line",
      text: "data: a\n\ndata: b",
      expected: ["a", "b"],
    },
    { name: "keep their characters", text: "data: 한국어 🙂 ü\n\n", expected: ["한국어 🙂 ü"] },
  ];
  for (const { name, text, expected } of cases) {
    it(name, () => {
      expect(dataOf([text])).toEqual(expected);
      expect(dataOf(byteByByte(text))).toEqual(expected);
    });
  }

  it("have the name of their event field, which the next one does not inherit", () => {
    expect(decode(["event: error\ndata: a\n\ndata: b\n\nevent:ping\n\ndata: c\n\n"])).toEqual([
      { name: "error", data: "a" },
      { name: "", data: "b" },
      { name: "", data: "c" },
    ]);
  });

  it("come with the read that completes them", () => {
    const decoder = createSseDecoder();
    expect(decoder.push(Buffer.from("data: a\n\ndata: b\n"))).toEqual([{ name: "", data: "a" }]);
    expect(decoder.push(Buffer.from("\ndata: c"))).toEqual([{ name: "", data: "b" }]);
    expect(decoder.push(Buffer.alloc(0))).toEqual([]);
    expect(decoder.push(Buffer.from("\n\n"))).toEqual([{ name: "", data: "c" }]);
    expect(decoder.end()).toBeUndefined();
  });

  it("replace what is no UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from("data: a"), Buffer.from([0xff, 0xc3]), Buffer.from("b\n\n")]);
    expect(dataOf([bytes])).toEqual(["a\ufffd\ufffdb"]);
    expect(dataOf(byteByByte(bytes))).toEqual(["a\ufffd\ufffdb"]);
  });
});

describe("the limit of a line", () => {
  const limit = 1024 * 1024;

  it("lets 1 MiB pass", () => {
    const text = "x".repeat(limit - "data: ".length);
    expect(dataOf([`data: ${text}\n\n`])).toEqual([text]);
  });

  it("refuses more, whether the line ends or not, in one piece or many", () => {
    const piece = "x".repeat(100_000);
    expect(decode([`data: ${"x".repeat(limit)}\n\n`])).toBe("too-long");
    expect(decode(["data: ", ...Array.from({ length: 11 }, () => piece)])).toBe("too-long");
  });

  it("holds for the data of one event", () => {
    const line = `data: ${"x".repeat(100_000)}\n`;
    expect(decode(Array.from({ length: 11 }, () => line))).toBe("too-long");
  });
});

describe("laws", () => {
  const value = fc.string({
    unit: fc.constantFrom("a", " ", ":", "é", "한", "🙂", "\ufeff", "{", '"'),
    maxLength: 12,
  });
  const line = fc.oneof(
    value.map((text) => `data: ${text}`),
    value.map((text) => `data:${text}`),
    value.map((text) => `: ${text}`),
    value.map((text) => `event: ${text}`),
    value.map((text) => `id: ${text}`),
    fc.constant(""),
    fc.constant(""),
  );
  const lines = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")), { maxLength: 40 });

  it("wherever the bytes are cut, the events are the same", () => {
    fc.assert(
      fc.property(lines, fc.array(fc.nat(), { maxLength: 12 }), (written, cuts) => {
        // A CR and a blank line's LF after it would be one end of a line.
        const safe = written.map(
          ([text, end], index) =>
            [
              text,
              end === "\r" && written[index + 1]?.[0] === "" && written[index + 1]?.[1] === "\n" ? "\n" : end,
            ] as const,
        );
        const bytes = Buffer.from(safe.map(([text, end]) => text + end).join(""));
        const places = [
          0,
          ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
          bytes.length,
        ];
        const pieces = places.slice(1).map((to, index) => bytes.subarray(places[index], to));
        const first = safe[0]?.[0] ?? "";
        fc.pre(!first.startsWith("\ufeff"));
        expect(decode(pieces)).toEqual(expected(safe.map(([text]) => text)));
      }),
      { numRuns: 2000 },
    );
  });

  it("nothing that comes makes it throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (pieces) => {
        expect(() => decode(pieces)).not.toThrow();
      }),
    );
  });
});
