import { afterEach, describe, expect, it, vi } from "vitest";
import type { StreamBatch, StreamResult } from "../../src/upstream/upstream.ts";
import type { Behaviour } from "../support/faulty-upstream.ts";
import {
  answers,
  answersHtml,
  answersNothing,
  chunkEvent,
  hangsAfterHeaders,
  httpChunk,
  httpResponse,
  responds,
  sendsHeartbeats,
  streamsEvents,
  streamsThenCuts,
  streamsThenEnds,
  streamsThenFails,
  streamsThenGarbles,
  streamsThenResets,
  wholeBody,
  wholeEvents,
} from "../support/upstream-behaviours.ts";
import { failureOf, readAll, sampleCall, startUpstreamWorld } from "../support/upstream-world.ts";

/** The stream of a behaviour, read to its end. */
async function read(behaviour: Behaviour) {
  await using world = await startUpstreamWorld(() => behaviour);
  return await readAll(await world.upstream.stream(sampleCall()));
}

function batchesOf(result: StreamResult): AsyncIterator<StreamBatch> {
  if (result.kind === "failed") throw new Error(result.failure.message);
  return result.stream.batches[Symbol.asyncIterator]();
}

const done = "data: [DONE]\n\n";
const finish = chunkEvent({}, { finish_reason: "stop" });

describe("a whole stream", () => {
  it("brings its text, its end, its usage and that it is done", async () => {
    await using world = await startUpstreamWorld(() => answers({ texts: ["Hel", "lo"] }));
    const result = await world.upstream.stream(sampleCall());
    const stream = await readAll(result);
    expect(stream).toMatchObject({
      text: "Hello",
      ends: [{ index: 0, nativeFinishReason: "stop" }],
      done: true,
      failure: undefined,
    });
    expect(stream.batches.at(-1)?.usage).toMatchObject({ inputTokens: 3, outputTokens: 3 });
    expect(result.kind === "opened" && result.stream.start()).toEqual({
      id: "chatcmpl-1",
      createdSeconds: 1_700_000_000,
      modelVersion: "model-x",
    });
    expect(result.info.httpStatus).toBe(200);
  });

  it("is the same wherever its bytes are cut", async () => {
    const bytes = Buffer.from(
      wholeEvents({ texts: ["한국어 ", "🙂", " ü"] })
        .join("")
        .replaceAll("\n", "\r\n"),
    );
    const stream = await read(streamsEvents([...bytes].map((byte) => Buffer.from([byte]))));
    expect(stream).toMatchObject({ text: "한국어 🙂 ü", done: true, failure: undefined });
  });

  it("brings one batch for what arrives in one read", async () => {
    const stream = await read(
      streamsEvents([chunkEvent({ content: "a" }) + chunkEvent({ content: "b" }) + finish + done]),
    );
    expect(stream.batches).toHaveLength(1);
    expect(stream.batches[0]?.deltas).toHaveLength(2);
    expect(stream.batches[0]).toMatchObject({ ends: [{ index: 0 }], done: true });
  });

  it("may lack [DONE]", async () => {
    const stream = await read(streamsEvents([chunkEvent({ content: "a" }), finish]));
    expect(stream).toMatchObject({ text: "a", ends: [{ index: 0 }], done: false, failure: undefined });
  });

  it("may come without a content type, or with parameters to it", async () => {
    for (const type of [{}, { "content-type": "Text/Event-Stream;charset=UTF-8" }]) {
      const bytes = Buffer.concat([httpResponse(200, type, wholeEvents().join(""))]);
      const behaviour: Behaviour = {
        name: "answers with a length",
        answer: async (exchange) => {
          await exchange.write(bytes);
        },
      };
      expect((await read(behaviour)).done).toBe(true);
    }
  });

  it("holds nothing that comes after [DONE]", async () => {
    const stream = await read(
      streamsEvents([chunkEvent({ content: "a" }) + done + chunkEvent({ content: "b" }) + "data: {"]),
    );
    expect(stream).toMatchObject({ text: "a", done: true, failure: undefined });
  });

  it("counts its last line without its end, and its last event without a blank line", async () => {
    const stream = await read(streamsEvents([chunkEvent({ content: "a" }), finish.trimEnd()]));
    expect(stream).toMatchObject({ text: "a", ends: [{ index: 0 }], failure: undefined });
    expect((await read(streamsEvents([finish, "data: [DONE]"]))).done).toBe(true);
  });
});

describe("signs of life", () => {
  it("are batches with nothing in them: comments, pings and half lines", async () => {
    await using world = await startUpstreamWorld(() => hangsAfterHeaders);
    world.server.become(() => sendsHeartbeats(5));
    const controller = new AbortController();
    const batches = batchesOf(await world.upstream.stream(sampleCall({ signal: controller.signal })));
    for (let beat = 0; beat < 3; beat++) {
      expect((await batches.next()).value).toEqual({ deltas: [], ends: [], usage: undefined, done: false });
    }
    controller.abort();
    await expect(batches.next()).rejects.toThrow("the request was ended");
  });

  it("may be events: they are no chunks and no fault", async () => {
    const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
    const stream = await read(
      streamsEvents([ping, chunkEvent({ content: "a" }), "data: \n\n", ping, finish, done]),
    );
    expect(stream).toMatchObject({ text: "a", done: true, failure: undefined });
  });
});

describe("a stream that is cut", () => {
  it("ends without an end where its body ends in order: that is for its reader to see", async () => {
    expect(await read(streamsThenEnds(2))).toMatchObject({
      text: "piece 0 piece 1 ",
      ends: [],
      done: false,
      failure: undefined,
    });
    expect(await read(answersNothing)).toMatchObject({ batches: [], failure: undefined });
  });

  it("ends without an end where an event is cut: the half of it is no fault of its own", async () => {
    const half = chunkEvent({ content: "b" }).slice(0, 40);
    expect(await read(streamsEvents([chunkEvent({ content: "a" }), half]))).toMatchObject({
      text: "a",
      done: false,
      failure: undefined,
    });
  });

  it("fails where its connection breaks, after all that came before", async () => {
    for (const behaviour of [streamsThenResets(2), streamsThenCuts(2)]) {
      expect(await read(behaviour)).toMatchObject({
        text: "piece 0 piece 1 ",
        failure: { kind: "connection-lost", httpStatus: 200 },
      });
    }
  });

  it("gives the tool calls that waited for an id", async () => {
    const call = { tool_calls: [{ index: 0, function: { name: "f", arguments: "{}" } }] };
    for (const end of ["", done]) {
      const stream = await read(streamsEvents([chunkEvent(call), end]));
      expect(stream.deltas.map(({ delta }) => delta.case)).toEqual(["toolCall"]);
    }
  });
});

describe("a stream that goes wrong", () => {
  const rateLimit = { message: "slow down", code: "rate_limit_exceeded" };
  const cases: readonly { name: string; behaviour: Behaviour; expected: object }[] = [
    {
      name: "an event that is no JSON",
      behaviour: streamsThenGarbles(1),
      expected: { kind: "bad-response" },
    },
    {
      name: "an event that is no chunk",
      behaviour: streamsThenGarbles(1, 'data: {"a":1}\n\n'),
      expected: { kind: "bad-response" },
    },
    {
      name: "an error in a chunk's place",
      behaviour: streamsThenFails(1, rateLimit),
      expected: { kind: "rate-limited", upstreamCode: "rate_limit_exceeded" },
    },
    {
      name: "an error that is text",
      behaviour: streamsThenFails(1, "Internal error"),
      expected: { kind: "server-error" },
    },
    {
      name: "an event named error",
      behaviour: streamsThenGarbles(
        1,
        `event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "overloaded_error" } })}\n\n`,
      ),
      expected: { kind: "overloaded", upstreamCode: "overloaded_error" },
    },
    {
      name: "an event named error whose data is text",
      behaviour: streamsThenGarbles(1, "event: error\ndata: upstream went away\n\n"),
      expected: { kind: "server-error" },
    },
    {
      name: "a line beyond 1 MiB",
      behaviour: streamsThenGarbles(1, `data: ${"x".repeat(1_100_000)}\n\n`),
      expected: { kind: "bad-response", message: "an event of the upstream's stream is longer than 1 MiB" },
    },
  ];
  for (const { name, behaviour, expected } of cases) {
    it(`fails after what came before, and leaves the upstream: ${name}`, async () => {
      await using world = await startUpstreamWorld(() => behaviour);
      const stream = await readAll(await world.upstream.stream(sampleCall()));
      expect(stream.text).toBe("piece 0 ");
      expect(stream.failure).toMatchObject({ httpStatus: 200, ...expected });
      expect(stream.failure?.message).not.toMatch(/slow down|went away|Internal error/);
      await world.server.aborted(0);
    });
  }

  it("gives what came in the same read before its fault, and nothing after it", async () => {
    const stream = await read(
      streamsEvents([
        `${chunkEvent({ content: "a" })}data: {"error":{"code":500}}\n\n${chunkEvent({ content: "b" })}`,
      ]),
    );
    expect(stream).toMatchObject({ text: "a", failure: { kind: "server-error" } });
  });
});

describe("a response that is no stream", () => {
  const json = { "content-type": "application/json" };
  const cases: readonly { name: string; behaviour: Behaviour; expected: object }[] = [
    {
      name: "a page",
      behaviour: answersHtml(),
      expected: { kind: "bad-response", message: "the upstream's response is no event stream" },
    },
    {
      name: "a whole completion",
      behaviour: responds(200, json, wholeBody()),
      expected: { kind: "bad-response" },
    },
    {
      name: "an error",
      behaviour: responds(200, json, '{"error":{"type":"overloaded_error"}}'),
      expected: { kind: "overloaded" },
    },
    {
      name: "an error as problem+json",
      behaviour: responds(200, { "content-type": "application/problem+json" }, '{"error":{"code":401}}'),
      expected: { kind: "unauthorized" },
    },
  ];
  for (const { name, behaviour, expected } of cases) {
    it(`is a failure at once: ${name}`, async () => {
      await using world = await startUpstreamWorld(() => behaviour);
      expect(await failureOf(world.upstream.stream(sampleCall()))).toMatchObject({
        httpStatus: 200,
        ...expected,
      });
    });
  }
});

describe("the connection of a stream", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is one for 20 streams in a row", async () => {
    // With no second one to turn to, only a connection that was closed is followed by another.
    await using world = await startUpstreamWorld(() => answers(), { maxConnections: 1 });
    for (let n = 0; n < 20; n++) {
      expect((await readAll(await world.upstream.stream(sampleCall()))).done).toBe(true);
    }
    expect(world.server.connections()).toBe(1);
  });

  it("is kept where the body ends soon after [DONE]", async () => {
    const lateEnd: Behaviour = {
      name: "ends its body late",
      answer: async (exchange) => {
        await exchange.write(
          httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
        );
        await exchange.write(httpChunk(finish + done));
        await exchange.pause(30);
        await exchange.write(httpChunk(": bye\n\n"));
        await exchange.write(httpChunk(""));
      },
    };
    await using world = await startUpstreamWorld(() => lateEnd, { maxConnections: 1 });
    for (let n = 0; n < 3; n++) {
      expect((await readAll(await world.upstream.stream(sampleCall()))).done).toBe(true);
    }
    expect(world.server.connections()).toBe(1);
    expect(world.server.aborts).toHaveLength(0);
  });

  it("is ended where the body does not end soon after [DONE]", async () => {
    const endless: Behaviour = {
      name: "never ends its body",
      answer: async (exchange) => {
        await exchange.write(
          httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
        );
        await exchange.write(httpChunk(finish + done));
        await exchange.hang();
      },
    };
    await using world = await startUpstreamWorld(() => endless);
    const started = performance.now();
    expect((await readAll(await world.upstream.stream(sampleCall()))).done).toBe(true);
    const abort = await world.server.aborted(0);
    expect(abort.atMs - started).toBeGreaterThan(200);
  });

  it("is kept where its reader leaves after the end of the answer", async () => {
    await using world = await startUpstreamWorld(() => answers(), { maxConnections: 1 });
    for (let n = 0; n < 3; n++) {
      const batches = batchesOf(await world.upstream.stream(sampleCall()));
      for (
        let next = await batches.next();
        !next.done && next.value.ends.length === 0;
        next = await batches.next()
      );
      await batches.return?.();
    }
    expect(world.server.connections()).toBe(1);
    expect(world.server.aborts).toHaveLength(0);
  });

  it("is ended at once where its reader leaves before", async () => {
    await using world = await startUpstreamWorld(() => sendsHeartbeats(5, 2));
    const batches = batchesOf(await world.upstream.stream(sampleCall()));
    await batches.next();
    await batches.return?.();
    await world.server.aborted(0);
    await vi.waitUntil(() => world.server.openConnections() === 0);
  });

  it("is ended at once where its reader leaves before the first read, or in the middle of one", async () => {
    // No time passes, so nothing that waits for a while would end it.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    await using world = await startUpstreamWorld(() => hangsAfterHeaders);
    await batchesOf(await world.upstream.stream(sampleCall())).return?.();
    await world.server.aborted(0);
    const batches = batchesOf(await world.upstream.stream(sampleCall()));
    const read = batches.next();
    await batches.return?.();
    expect((await read).done).toBe(true);
    await world.server.aborted(1);
    expect(world.server.aborts).toHaveLength(2);
  });

  it("is ended soon where its reader waits for what follows the answer, and leaves", async () => {
    await using world = await startUpstreamWorld(() => streamsThenGarbles(0, finish));
    const batches = batchesOf(await world.upstream.stream(sampleCall()));
    expect((await batches.next()).value?.ends).toHaveLength(1);
    const started = performance.now();
    const read = batches.next();
    await batches.return?.();
    expect((await read).done).toBe(true);
    const abort = await world.server.aborted(0);
    expect(abort.atMs - started).toBeGreaterThan(200);
  });

  it("may break while nobody reads: the reader learns of it", async () => {
    await using world = await startUpstreamWorld(() => streamsThenResets(1));
    const opened = await world.upstream.stream(sampleCall());
    await vi.waitUntil(() => world.server.openConnections() === 0);
    expect((await readAll(opened)).failure?.kind).toBe("connection-lost");
  });

  it("is ended where the stream is never read but its signal aborts", async () => {
    await using world = await startUpstreamWorld(() => sendsHeartbeats(5));
    const controller = new AbortController();
    await world.upstream.stream(sampleCall({ signal: controller.signal }));
    controller.abort();
    await world.server.aborted(0);
    await vi.waitUntil(() => world.server.openConnections() === 0);
  });

  it("holds the upstream back while its reader does not read", async () => {
    let written = 0;
    const flood: Behaviour = {
      name: "writes as fast as it can",
      answer: async (exchange) => {
        await exchange.write(
          httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
        );
        const piece = httpChunk(chunkEvent({ content: "x".repeat(60_000) }));
        while (!exchange.gone.aborted && (await exchange.write(piece))) written += piece.length;
      },
    };
    await using world = await startUpstreamWorld(() => flood);
    const controller = new AbortController();
    const batches = batchesOf(await world.upstream.stream(sampleCall({ signal: controller.signal })));
    await batches.next();
    let before = -1;
    await vi.waitUntil(
      () => {
        const same = before === written;
        before = written;
        return same;
      },
      { interval: 100 },
    );
    expect(written).toBeLessThan(24 * 1024 * 1024);
    controller.abort();
    await batches.return?.();
    await vi.waitUntil(() => world.server.openConnections() === 0);
  });
});
