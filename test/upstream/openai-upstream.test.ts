import { getEventListeners } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toChatCompletionBody } from "../../src/upstream/chat-request.ts";
import type { KeyConfig } from "../../src/config/config.ts";
import { createSecret } from "../../src/config/secret.ts";
import type { KeyFact, LeasedKey } from "../../src/upstream/key-pool.ts";
import type { StreamResult } from "../../src/upstream/upstream.ts";
import type { Behaviour } from "../support/faulty-upstream.ts";
import { sampleFailure } from "../support/routing-samples.ts";
import { createTestCertificate } from "../support/test-certificate.ts";
import {
  answers,
  answersHtml,
  answersNothing,
  dripsHeaders,
  finishesBeforeHeaders,
  hangsAfterHeaders,
  hangsBeforeHeaders,
  httpChunk,
  httpResponse,
  redirects,
  refuses,
  resetsBeforeHeaders,
  resetsInHeaders,
  responds,
  streamsThenStalls,
  wholeBody,
  wholeEvents,
} from "../support/upstream-behaviours.ts";
import {
  failureOf,
  openUpstream,
  readAll,
  sampleCall,
  sampleInput,
  startUpstreamWorld,
  type UpstreamWorld,
} from "../support/upstream-world.ts";

/** A port of loopback where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("a request", () => {
  it("is the body of the translation, byte for byte, with the key of the call", async () => {
    await using world = await startUpstreamWorld(() => answers());
    const input = sampleInput("Grüß Gott, 안녕");
    await world.upstream.complete(sampleCall({ input, key: { id: "second" } }));
    await world.upstream.stream(sampleCall({ input, key: { id: "first" } }));
    const [unary, stream] = world.server.requests;
    expect(unary?.path).toBe("/v1/chat/completions");
    expect(unary?.body).toBe(JSON.stringify(toChatCompletionBody("model-x", input, false)));
    expect(unary?.headers["authorization"]).toBe("Bearer sk-secret-of-second");
    expect(stream?.body).toBe(JSON.stringify(toChatCompletionBody("model-x", input, true)));
    expect(stream?.headers["authorization"]).toBe("Bearer sk-secret-of-first");
  });

  it("carries the headers of the call and no others than it must", async () => {
    await using world = await startUpstreamWorld(() => answers());
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await world.upstream.complete(sampleCall({ headers: { traceparent } }));
    const { headers } = world.server.requests[0]!;
    expect(headers["traceparent"]).toBe(traceparent);
    expect(Object.keys(headers).toSorted()).toEqual([
      "accept",
      "authorization",
      "connection",
      "content-length",
      "content-type",
      "host",
      "traceparent",
      "user-agent",
    ]);
  });

  it("keeps the path and the query of its base URL", async () => {
    await using world = await startUpstreamWorld(() => answers());
    const upstream = openUpstream(`${world.server.baseUrl}/deployments/x/?api-version=2026-01-01`);
    await upstream.complete(sampleCall());
    await upstream.close();
    expect(world.server.requests[0]?.path).toBe("/v1/deployments/x/chat/completions?api-version=2026-01-01");
  });

  it("throws for a key that the upstream does not have, which is a bug", async () => {
    await using world = await startUpstreamWorld(() => answers());
    await expect(world.upstream.complete(sampleCall({ key: { id: "third" } }))).rejects.toThrow(
      "no key third",
    );
  });
});

describe("keys that processes share", () => {
  it("rest in all of them once one is told to let them, also where their secret was read anew", async () => {
    const facts: KeyFact[] = [];
    const shared = { pepper: Buffer.from("the same in both"), onFact: (fact: KeyFact) => facts.push(fact) };
    await using one = await startUpstreamWorld(() => answers(), { shared });
    await using other = await startUpstreamWorld(() => answers(), { shared });
    await using stranger = await startUpstreamWorld(() => answers());
    const limited = sampleFailure("rate-limited", { retryAfterMs: 60_000 });
    one.upstream.keys.pick("model-x", new Set())!.settle(limited, undefined);
    expect(facts).toMatchObject([{ keyId: "first", why: "rate-limited", upstreamModel: "model-x" }]);
    for (const { upstream } of [other, stranger]) for (const fact of facts) upstream.learnKey(fact);
    const statesOf = ({ upstream }: UpstreamWorld) => upstream.keys.snapshot().map(({ state }) => state);
    expect(statesOf(other)).toEqual(["cooling", "usable"]);
    // Without the pepper nobody can tell which secret a fact is about.
    expect(statesOf(stranger)).toEqual(["usable", "usable"]);
    expect(JSON.stringify(facts)).not.toContain("secret");
    // What it was told it does not tell.
    expect(facts).toHaveLength(1);
  });
});

describe("keys that take the place of others", () => {
  const never = new Set<LeasedKey>();
  const secrets = (id: string, ...characters: readonly string[]): readonly KeyConfig[] =>
    characters.map((text) => ({ id, source: { kind: "simulator" }, secret: createSecret(text) }));
  const sent = (world: UpstreamWorld) => world.server.requests.map(({ headers }) => headers["authorization"]);

  it("are sent with calls that are picked from now on, while a lease of before sends what it was picked for", async () => {
    await using world = await startUpstreamWorld(() => answers());
    const { upstream } = world;
    const before = upstream.keys.pick("model-x", never)!;
    upstream.replaceKeys(secrets("first", "sk-another-secret-of-first"));
    const after = upstream.keys.pick("model-x", never)!;
    for (const { key } of [after, before]) {
      expect((await upstream.complete({ ...sampleCall(), key })).kind).toBe("completed");
    }
    expect(sent(world)).toEqual(["Bearer sk-another-secret-of-first", "Bearer sk-secret-of-first"]);
  });

  it("do not end a stream of before", async () => {
    let go = (): void => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    await using world = await startUpstreamWorld(() => {
      return {
        name: "answers once it is told to",
        answer: async (exchange) => {
          await exchange.write(
            httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
          );
          await gone;
          for (const event of wholeEvents()) await exchange.write(httpChunk(event));
          await exchange.write(httpChunk(""));
        },
      };
    });
    const opened = await world.upstream.stream(sampleCall());
    world.upstream.replaceKeys([]);
    expect(world.upstream.keys.pick("model-x", never)).toBeUndefined();
    go();
    expect(await readAll(opened)).toMatchObject({ text: "Hello, world", done: true, failure: undefined });
  });

  it("are what they were where neither id nor secret changed, though both are read anew", async () => {
    await using world = await startUpstreamWorld(() => answers());
    const { upstream } = world;
    const key = upstream.keys.pick("model-x", never)!.key;
    upstream.replaceKeys(secrets("first", "sk-secret-of-first"));
    expect(upstream.keys.snapshot()).toMatchObject([{ keyId: "first", inFlight: 1 }]);
    await upstream.complete({ ...sampleCall(), key });
    upstream.replaceKeys(secrets("renamed", "sk-secret-of-first"));
    expect(upstream.keys.snapshot()).toMatchObject([{ keyId: "renamed", inFlight: 0 }]);
    expect(sent(world)).toEqual(["Bearer sk-secret-of-first"]);
  });
});

describe("the environment", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("changes nothing of what is sent, nor where to", async () => {
    await using world = await startUpstreamWorld(() => answers());
    await world.upstream.complete(sampleCall());
    vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    vi.stubEnv("OPENAI_API_KEY", "sk-of-the-environment");
    vi.stubEnv("OPENAI_ADMIN_KEY", "sk-admin-of-the-environment");
    vi.stubEnv("OPENAI_ORG_ID", "org-1");
    vi.stubEnv("OPENAI_PROJECT_ID", "proj-1");
    vi.stubEnv("OPENAI_PROJECT", "proj-1");
    vi.stubEnv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer other\nuser-agent: other\nx-other: 1");
    vi.stubEnv("OPENAI_LOG", "debug");
    for (const proxy of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"]) {
      vi.stubEnv(proxy, "http://127.0.0.1:9");
    }
    vi.stubEnv("NODE_USE_ENV_PROXY", "1");
    const written = ["debug", "info", "warn", "error"] as const;
    const spies = written.map((level) => vi.spyOn(console, level));
    const upstream = openUpstream(world.server.baseUrl);
    await upstream.complete(sampleCall());
    await upstream.close();
    const [before, after] = world.server.requests;
    expect(after?.headers).toEqual(before?.headers);
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });
});

describe("a whole answer", () => {
  it("is completed, with what its headers say", async () => {
    const headers = {
      "x-request-id": "req-1",
      "x-ratelimit-limit-requests": "100",
      "x-ratelimit-remaining-requests": "25",
      "x-ratelimit-reset-requests": "6m0s",
    };
    await using world = await startUpstreamWorld(() => answers({ headers }));
    const result = await world.upstream.complete(sampleCall());
    expect(result).toMatchObject({
      kind: "completed",
      completion: { id: "chatcmpl-1", modelVersion: "model-x", usage: { inputTokens: 3, outputTokens: 3 } },
      info: {
        httpStatus: 200,
        upstreamRequestId: "req-1",
        quota: { remainingShare: 0.25, resetMs: 360_000 },
      },
    });
  });

  it("may come without a content type, or as plain text", async () => {
    const body = JSON.stringify({
      choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }],
    });
    for (const headers of [{}, { "content-type": "text/plain" }]) {
      await using world = await startUpstreamWorld(() => responds(200, headers, body));
      expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
    }
  });
});

const answersNoContent = responds(204, {});
const empty: readonly Behaviour[] = [answersNothing, answersNoContent];

describe("a response that is no answer", () => {
  const cases: readonly { name: string; behaviour: Behaviour; expected: object }[] = [
    { name: "a page", behaviour: answersHtml(), expected: { kind: "bad-response", httpStatus: 200 } },
    { name: "nothing", behaviour: answersNothing, expected: { kind: "bad-response" } },
    { name: "204", behaviour: answersNoContent, expected: { kind: "bad-response", httpStatus: 204 } },
    {
      name: "no choices",
      behaviour: responds(200, { "content-type": "application/json" }, '{"choices":[]}'),
      expected: { kind: "bad-response" },
    },
    {
      name: "a null message",
      behaviour: responds(200, { "content-type": "application/json" }, '{"choices":[{"message":null}]}'),
      expected: { kind: "bad-response" },
    },
    {
      name: "cut JSON",
      behaviour: responds(200, { "content-type": "application/json" }, '{"choices":[{"mess'),
      expected: { kind: "bad-response" },
    },
    {
      name: "an error with status 200",
      behaviour: responds(
        200,
        { "content-type": "application/json" },
        '{"error":{"code":"insufficient_quota"}}',
      ),
      expected: { kind: "quota-exhausted", upstreamCode: "insufficient_quota", httpStatus: 200 },
    },
    {
      name: "an error beside choices",
      behaviour: responds(
        200,
        { "content-type": "application/json" },
        wholeBody().replace("{", '{"error":{"code":503},'),
      ),
      expected: { kind: "overloaded" },
    },
    { name: "not HTTP", behaviour: raw("SSH-2.0-OpenSSH_9.6\r\n"), expected: { kind: "bad-response" } },
    {
      name: "headers of 64 KiB",
      behaviour: raw(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(65_536)}\r\n\r\n`),
      expected: { kind: "bad-response" },
    },
    {
      name: "a redirect",
      behaviour: redirects("http://127.0.0.1:9/"),
      expected: { kind: "redirected", httpStatus: 307 },
    },
    {
      name: "429",
      behaviour: refuses(429, { code: "rate_limit_exceeded" }, { "retry-after": "2", "request-id": "req-2" }),
      expected: {
        kind: "rate-limited",
        httpStatus: 429,
        upstreamCode: "rate_limit_exceeded",
        upstreamRequestId: "req-2",
        retryAfterMs: 2000,
      },
    },
    { name: "503 as a page", behaviour: answersHtml(503), expected: { kind: "overloaded", httpStatus: 503 } },
  ];
  for (const { name, behaviour, expected } of cases) {
    it(`fails alike for a unary call and a stream: ${name}`, async () => {
      await using world = await startUpstreamWorld(() => behaviour);
      const unary = await failureOf(world.upstream.complete(sampleCall()));
      expect(unary).toMatchObject(expected);
      const opened = await world.upstream.stream(sampleCall());
      // Without a content type it may be a stream: then what is in it decides.
      const streamed = opened.kind === "failed" ? opened.failure : (await readAll(opened)).failure;
      // An empty body is a stream that ended early, which its reader sees.
      if (!empty.includes(behaviour)) expect(streamed?.kind).toBe(unary.kind);
      expect(world.server.requests).toHaveLength(2);
      for (const failure of [unary, streamed]) {
        expect(failure?.message ?? "").not.toContain("own words");
        expect((failure?.message ?? "").length).toBeLessThanOrEqual(200);
      }
    });
  }

  it("is asked for once: the SDK retries nothing", async () => {
    await using world = await startUpstreamWorld(() =>
      refuses(500, {}, { "x-should-retry": "true", "retry-after": "0" }),
    );
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({ kind: "server-error" });
    expect(await failureOf(world.upstream.stream(sampleCall()))).toMatchObject({ kind: "server-error" });
    expect(world.server.requests).toHaveLength(2);
  });

  it("is judged by its status where its error body never ends", async () => {
    await using world = await startUpstreamWorld(() =>
      raw("HTTP/1.1 402 No\r\ncontent-length: 100000\r\n\r\n{", true),
    );
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({ kind: "quota-exhausted" });
    await world.server.aborted(0);
  });

  it("is judged by its status where its error body is too long", async () => {
    const long = JSON.stringify({ error: { message: "x".repeat(70_000), code: "context_length_exceeded" } });
    await using world = await startUpstreamWorld(() => responds(400, {}, long));
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
      kind: "invalid-request",
      upstreamCode: undefined,
    });
  });

  it("is ended where it grows beyond 32 MiB", async () => {
    const endless: Behaviour = {
      name: "never stops",
      answer: async ({ write, gone }) => {
        await write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
        const piece = " ".repeat(1024 * 1024);
        while (!gone.aborted && (await write(piece)));
      },
    };
    await using world = await startUpstreamWorld(() => endless);
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
      kind: "bad-response",
      message: "the upstream's response is larger than 32 MiB",
    });
  });
});

/** @param hangs whether the connection stays open after it */
function raw(bytes: string, hangs = false): Behaviour {
  return {
    name: "sends bytes of its own",
    answer: async (exchange) => {
      await exchange.write(bytes);
      if (hangs) await exchange.hang();
      else exchange.finish();
    },
  };
}

describe("a connection", () => {
  it("is used again, by unary calls and streams alike", async () => {
    await using world = await startUpstreamWorld(() => answers(), { maxConnections: 1 });
    for (let n = 0; n < 10; n++) {
      expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
      expect((await readAll(await world.upstream.stream(sampleCall()))).done).toBe(true);
    }
    expect(world.server.connections()).toBe(1);
  });

  it("is used again after an error response", async () => {
    await using world = await startUpstreamWorld(() => refuses(429), { maxConnections: 1 });
    for (let n = 0; n < 5; n++) await world.upstream.complete(sampleCall());
    expect(world.server.connections()).toBe(1);
  });

  it("is one of maxConnections: further requests wait for their turn", async () => {
    await using world = await startUpstreamWorld(() => answers(), { maxConnections: 2 });
    await Promise.all(Array.from({ length: 12 }, () => world.upstream.complete(sampleCall())));
    expect(world.server.requests).toHaveLength(12);
    expect(world.server.connections()).toBe(2);
  });

  it("that breaks before any byte of a response is lost where it is new", async () => {
    for (const behaviour of [resetsBeforeHeaders, finishesBeforeHeaders]) {
      await using world = await startUpstreamWorld(() => behaviour);
      expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
        kind: "connection-lost",
      });
      expect(world.server.requests).toHaveLength(1);
    }
  });

  it("that breaks before any byte of a response was stale where it had been used", async () => {
    for (const behaviour of [resetsBeforeHeaders, finishesBeforeHeaders]) {
      await using world = await startUpstreamWorld((index) => (index === 0 ? answers() : behaviour), {
        maxConnections: 1,
      });
      await world.upstream.complete(sampleCall());
      expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
        kind: "stale-connection",
      });
      expect(world.server.requests[1]?.earlierOnConnection).toBe(1);
    }
  });

  it("that the upstream resets just as it is used again was stale: nothing was sent", async () => {
    let resetIdle: (() => void) | undefined;
    const answersOnce: Behaviour = {
      name: "answers, and can reset",
      answer: async (exchange) => {
        resetIdle = exchange.reset;
        await answers().answer(exchange);
      },
    };
    await using world = await startUpstreamWorld(() => answersOnce);
    await world.upstream.complete(sampleCall());
    await new Promise((resolve) => setTimeout(resolve, 20));
    resetIdle?.();
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
      kind: "stale-connection",
    });
    expect(world.server.requests).toHaveLength(1);
    expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
  });

  it("that the upstream ends in order just as it is used again is replaced without a failure", async () => {
    let finishIdle: (() => void) | undefined;
    const answersOnce: Behaviour = {
      name: "answers, and can finish",
      answer: async (exchange) => {
        finishIdle = exchange.finish;
        await answers().answer(exchange);
      },
    };
    await using world = await startUpstreamWorld(() => answersOnce);
    await world.upstream.complete(sampleCall());
    await new Promise((resolve) => setTimeout(resolve, 20));
    finishIdle?.();
    expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
    expect(world.server.connections()).toBe(2);
  });

  it("that breaks inside the headers is lost even where it had been used: the upstream had begun", async () => {
    await using world = await startUpstreamWorld((index) => (index === 0 ? answers() : resetsInHeaders), {
      maxConnections: 1,
    });
    await world.upstream.complete(sampleCall());
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({ kind: "connection-lost" });
    expect(world.server.requests[1]?.earlierOnConnection).toBe(1);
  });

  it("that breaks inside the body of a unary answer is lost", async () => {
    const cut: Behaviour = {
      name: "cuts the body",
      answer: async (exchange) => {
        await exchange.write(
          'HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-request-id: req-3\r\n\r\n{"choices"',
        );
        exchange.finish();
      },
    };
    await using world = await startUpstreamWorld(() => cut);
    const result = await world.upstream.complete(sampleCall());
    expect(result).toMatchObject({
      kind: "failed",
      failure: { kind: "connection-lost", httpStatus: 200, upstreamRequestId: "req-3" },
      info: { httpStatus: 200 },
    });
  });

  it("that was closed while idle is replaced without a failure", async () => {
    const closes: Behaviour = {
      name: "answers and closes",
      answer: async (exchange) => {
        await answers().answer(exchange);
        exchange.finish();
      },
    };
    await using world = await startUpstreamWorld(() => closes);
    for (let n = 0; n < 3; n++) {
      expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
      await vi.waitUntil(() => world.server.openConnections() === 0);
    }
    expect(world.server.connections()).toBe(3);
  });
});

describe("an upstream that cannot be reached", () => {
  it("is unreachable where nobody listens", async () => {
    const upstream = openUpstream(`http://127.0.0.1:${await freePort()}/v1`);
    expect(await failureOf(upstream.complete(sampleCall()))).toMatchObject({
      kind: "unreachable",
      message: "the upstream refuses connections",
      httpStatus: undefined,
    });
    expect(await failureOf(upstream.stream(sampleCall()))).toMatchObject({ kind: "unreachable" });
    await upstream.close();
  });

  it("is unreachable where its name is not known", async () => {
    const upstream = openUpstream("http://no-such-host.invalid/v1");
    expect(await failureOf(upstream.complete(sampleCall()))).toMatchObject({
      kind: "unreachable",
      message: "the upstream's host name cannot be resolved",
    });
    await upstream.close();
  });

  it("is unreachable where its certificate is expired, or nobody vouches for it", async () => {
    for (const days of [
      { fromDays: -10, toDays: -1 },
      { fromDays: -1, toDays: 10 },
    ]) {
      const certificate = createTestCertificate({ ...days, host: "127.0.0.1" });
      await using world = await startUpstreamWorld(() => answers(), {}, { certificate });
      expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({
        kind: "unreachable",
        message: "the upstream's certificate is not valid",
      });
      expect(world.server.requests).toHaveLength(0);
    }
  });

  it("is unreachable where it breaks the TLS handshake", async () => {
    const plain = createServer((socket) => socket.on("error", () => undefined).resetAndDestroy());
    plain.listen(0, "127.0.0.1");
    await new Promise((resolve) => plain.once("listening", resolve));
    const address = plain.address() as { readonly port: number };
    const upstream = openUpstream(`https://127.0.0.1:${address.port}/v1`);
    expect(await failureOf(upstream.complete(sampleCall()))).toMatchObject({ kind: "unreachable" });
    await upstream.close();
    plain.close();
  });

  it("is unreachable where the TLS handshake stalls beyond connectMs", async () => {
    const certificate = createTestCertificate({ fromDays: -1, toDays: 10, host: "127.0.0.1" });
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    expect(certificate.cert).toContain("CERTIFICATE");
    const address = silent.address() as { readonly port: number };
    const upstream = openUpstream(`https://127.0.0.1:${address.port}/v1`, { connectMs: 100 });
    expect(await failureOf(upstream.complete(sampleCall()))).toMatchObject({
      kind: "unreachable",
      message: "no connection to the upstream came about in time",
    });
    await upstream.close();
    silent.close();
  });
});

describe("an abort", () => {
  const phases: readonly { name: string; behaviour: Behaviour }[] = [
    { name: "before headers", behaviour: hangsBeforeHeaders },
    { name: "inside headers", behaviour: dripsHeaders(50) },
    { name: "inside an error body", behaviour: raw("HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\n{", true) },
    { name: "inside the body", behaviour: raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", true) },
  ];
  for (const { name, behaviour } of phases) {
    it(`reaches the upstream: ${name}`, async () => {
      await using world = await startUpstreamWorld(() => behaviour);
      const controller = new AbortController();
      const pending = world.upstream.complete(sampleCall({ signal: controller.signal }));
      await world.server.received(1);
      setTimeout(() => controller.abort(), 30);
      expect(await failureOf(pending)).toMatchObject({ kind: "cancelled" });
      await world.server.aborted(0);
      await vi.waitUntil(() => world.server.openConnections() === 0);
    });
  }

  it("ends a stream that stalls, and its connection", async () => {
    await using world = await startUpstreamWorld(() => streamsThenStalls(2));
    const controller = new AbortController();
    const result = await world.upstream.stream(sampleCall({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    const read = await readAll(result);
    expect(read.text).toBe("piece 0 piece 1 ");
    expect(read.failure).toMatchObject({ kind: "cancelled" });
    await world.server.aborted(0);
  });

  it("before the start sends nothing", async () => {
    await using world = await startUpstreamWorld(() => answers());
    const failure = await failureOf(world.upstream.complete(sampleCall({ signal: AbortSignal.abort() })));
    expect(failure.kind).toBe("cancelled");
    expect(world.server.connections()).toBe(0);
  });

  it("ends a request at once that waits for a connection", async () => {
    // Nobody completes this handshake, and connectMs is far away.
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address() as { readonly port: number };
    const upstream = openUpstream(`https://127.0.0.1:${address.port}/v1`, { connectMs: 600_000 });
    const pending = upstream.complete(sampleCall({ signal: AbortSignal.timeout(30) }));
    expect(await failureOf(pending)).toMatchObject({ kind: "cancelled" });
    await upstream.close();
    silent.close();
  });

  it("ends a request at once that waits for its turn on a connection, and it is never sent", async () => {
    await using world = await startUpstreamWorld((index) => (index === 0 ? hangsBeforeHeaders : answers()), {
      maxConnections: 1,
    });
    const first = new AbortController();
    const hanging = world.upstream.complete(sampleCall({ signal: first.signal }));
    await world.server.received(1);
    const waiting = world.upstream.complete(sampleCall({ signal: AbortSignal.timeout(30) }));
    expect(await failureOf(waiting)).toMatchObject({ kind: "cancelled" });
    first.abort();
    await hanging;
    expect((await world.upstream.complete(sampleCall())).kind).toBe("completed");
    expect(world.server.requests).toHaveLength(2);
  });

  it("leaves no listener on its signal, however the calls end", async () => {
    const script: readonly Behaviour[] = [
      answers(),
      refuses(500),
      answersHtml(),
      answersNothing,
      resetsBeforeHeaders,
    ];
    await using world = await startUpstreamWorld((index) => script[index % script.length]!);
    const { signal } = new AbortController();
    for (let n = 0; n < 2 * script.length; n++) {
      const call = sampleCall({ signal });
      if (n < script.length) await world.upstream.complete(call);
      else await readIfOpened(await world.upstream.stream(call));
    }
    await vi.waitUntil(() => getEventListeners(signal, "abort").length === 0);
  });
});

async function readIfOpened(result: StreamResult): Promise<void> {
  if (result.kind === "opened") await readAll(result);
}

describe("closing", () => {
  it("fails the calls in flight, as nobody's fault, and ends every connection", async () => {
    await using world = await startUpstreamWorld((index) =>
      index === 0 ? hangsBeforeHeaders : hangsAfterHeaders,
    );
    const unary = failureOf(world.upstream.complete(sampleCall()));
    await world.server.received(1);
    const stream = world.upstream.stream(sampleCall()).then(readAll);
    await world.server.received(2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await world.upstream.close();
    expect((await unary).kind).toBe("local");
    expect((await stream).failure?.kind).toBe("local");
    await vi.waitUntil(() => world.server.openConnections() === 0);
  });

  it("fails every later call", async () => {
    await using world = await startUpstreamWorld(() => answers());
    await world.upstream.close();
    expect(await failureOf(world.upstream.complete(sampleCall()))).toMatchObject({ kind: "local" });
    expect(world.server.connections()).toBe(0);
  });
});

describe("the address", () => {
  const cases = [
    { baseUrl: "https://api.example.com/v1", expected: { host: "api.example.com", port: 443 } },
    { baseUrl: "http://localhost/v1", expected: { host: "localhost", port: 80 } },
    { baseUrl: "http://[::1]:8080/v1", expected: { host: "::1", port: 8080 } },
  ];
  for (const { baseUrl, expected } of cases) {
    it(`of ${baseUrl} is ${expected.host}, port ${expected.port}`, async () => {
      const upstream = openUpstream(baseUrl);
      expect(upstream.address).toEqual(expected);
      await upstream.close();
    });
  }
});
