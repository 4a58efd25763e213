import { createSecureServer, constants, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createTestCertificate } from "../support/test-certificate.ts";
import {
  answers,
  finishesBeforeHeaders,
  resetsBeforeHeaders,
  wholeBody,
  wholeEvents,
} from "../support/upstream-behaviours.ts";
import {
  failureOf,
  openUpstream,
  readAll,
  sampleCall,
  startUpstreamWorld,
} from "../support/upstream-world.ts";

const certificate = createTestCertificate({ fromDays: -1, toDays: 10, host: "127.0.0.1" });
const usualAuthorities = getCACertificates("default");

beforeEach(() => {
  setDefaultCACertificates([...usualAuthorities, certificate.cert]);
});

afterAll(() => {
  setDefaultCACertificates(usualAuthorities);
});

describe("a connection over TLS", () => {
  it("is used again, by unary calls and streams alike", async () => {
    await using world = await startUpstreamWorld(() => answers(), { maxConnections: 1 }, { certificate });
    for (let n = 0; n < 5; n++) {
      expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
      expect((await readAll(await world.upstream.stream(sampleCall()))).done).toBe(true);
    }
    expect(world.server.connections()).toBe(1);
  });

  it("that breaks before any byte of a response is lost where it is new, for all that its handshake has read", async () => {
    for (const behaviour of [resetsBeforeHeaders, finishesBeforeHeaders]) {
      await using world = await startUpstreamWorld(() => behaviour, {}, { certificate });
      expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
        kind: "connection-lost",
      });
      expect(world.server.requests).toHaveLength(1);
    }
  });

  it("that breaks before any byte of a response was stale where it had been used", async () => {
    for (const behaviour of [resetsBeforeHeaders, finishesBeforeHeaders]) {
      await using world = await startUpstreamWorld(
        (index) => (index === 0 ? answers() : behaviour),
        { maxConnections: 1 },
        { certificate },
      );
      await world.upstream.complete(sampleCall());
      expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
        kind: "stale-connection",
      });
      expect(world.server.requests[1]?.earlierOnConnection).toBe(1);
    }
  });

  it("is unreachable where its certificate is for another name", async () => {
    const other = createTestCertificate({ fromDays: -1, toDays: 10, host: "api.example.com" });
    setDefaultCACertificates([...usualAuthorities, other.cert]);
    await using world = await startUpstreamWorld(() => answers(), {}, { certificate: other });
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
      kind: "unreachable",
      message: "the upstream's certificate is not valid",
    });
  });
});

type AnswerStream = (stream: ServerHttp2Stream, body: string, index: number) => void;

/** A server that speaks HTTP/2. */
async function startHttp2(answer: AnswerStream) {
  let streams = 0;
  let sessions = 0;
  const server: Http2SecureServer = createSecureServer({ ...certificate, allowHTTP1: true });
  server.on("session", (session) => {
    sessions++;
    session.on("error", () => undefined);
  });
  server.on("stream", (stream: ServerHttp2Stream) => {
    const index = streams++;
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => answer(stream, Buffer.concat(chunks).toString(), index));
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { readonly port: number };
  const upstream = openUpstream(`https://127.0.0.1:${port}/v1`, { http2: true });
  return {
    upstream,
    streams: () => streams,
    sessions: () => sessions,
    [Symbol.asyncDispose]: async () => {
      await upstream.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const answerWhole: AnswerStream = (stream, body) => {
  const streamed = body.includes('"stream":true');
  stream.respond({ ":status": 200, "content-type": streamed ? "text/event-stream" : "application/json" });
  stream.end(streamed ? wholeEvents().join("") : wholeBody());
};

describe("an upstream over HTTP/2", () => {
  it("answers unary calls and streams, many on one connection", async () => {
    await using world = await startHttp2(answerWhole);
    await world.upstream.complete(sampleCall());
    const calls = Array.from({ length: 10 }, async () => {
      expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
      expect(await readAll(await world.upstream.stream(sampleCall()))).toMatchObject({
        done: true,
        failure: undefined,
      });
    });
    await Promise.all(calls);
    expect(world.sessions()).toBe(1);
  });

  it("that refuses a stream unprocessed is asked once more by the transport, and is stale after that", async () => {
    await using world = await startHttp2((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
      kind: "stale-connection",
    });
    expect(world.streams()).toBe(2);
  });

  it("that refuses a stream once answers it the second time", async () => {
    await using world = await startHttp2((stream, body, index) => {
      if (index === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answerWhole(stream, body, index);
    });
    expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
  });

  it("that leaves a stream out of its GOAWAY is asked once more, on a new connection", async () => {
    await using world = await startHttp2((stream, body, index) => {
      if (index === 1) stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1);
      else answerWhole(stream, body, index);
    });
    for (let n = 0; n < 2; n++) expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
    expect(world.streams()).toBe(3);
    expect(world.sessions()).toBe(2);
  });

  it("that resets a stream in the middle of it is lost", async () => {
    await using world = await startHttp2((stream) => {
      stream.respond({ ":status": 200, "content-type": "text/event-stream" });
      stream.write(wholeEvents().slice(0, 2).join(""));
      setTimeout(() => stream.destroy(new Error("reset")), 30);
    });
    const stream = await readAll(await world.upstream.stream(sampleCall()));
    expect(stream).toMatchObject({ text: "Hello", failure: { kind: "connection-lost" } });
  });

  it("whose connection breaks before a response is lost, for all that the connection has read", async () => {
    await using world = await startHttp2((stream) => stream.session?.socket.destroy());
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({ kind: "connection-lost" });
    expect(world.streams()).toBe(1);
  });

  it("that resets a stream before its response is lost", async () => {
    await using world = await startHttp2((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({ kind: "connection-lost" });
  });

  it("hears an abort as a reset of the stream alone", async () => {
    let reset: number | undefined;
    await using world = await startHttp2((stream, body, index) => {
      if (index > 0) {
        answerWhole(stream, body, index);
        return;
      }
      stream.respond({ ":status": 200, "content-type": "text/event-stream" });
      stream.write(": hello\n\n");
      stream.on("close", () => {
        reset = stream.rstCode;
      });
    });
    const controller = new AbortController();
    const opened = await world.upstream.stream(sampleCall({ signal: controller.signal }));
    controller.abort();
    expect((await readAll(opened)).failure?.kind).toBe("cancelled");
    await vi.waitUntil(() => reset !== undefined);
    expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
    expect(world.sessions()).toBe(1);
  });
});
