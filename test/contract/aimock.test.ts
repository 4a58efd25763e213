// The adapter against an OpenAI-compatible server that somebody else wrote.
import { create } from "@bufbuild/protobuf";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FinishReason, Role, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { type ChatInput, ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import type { Upstream } from "../../src/upstream/upstream.ts";
import { failureOf, openUpstream, readAll, sampleCall, sampleInput } from "../support/upstream-world.ts";

let mock: LLMock;
let upstream: Upstream;

beforeAll(async () => {
  mock = new LLMock({ port: 0, latency: 0, chunkSize: 5 });
  mock.onMessage("greet", {
    content: "Hello there, 세계 🙂",
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  });
  mock.onMessage("think", { content: "42", reasoning: "Six times seven." });
  mock.onMessage("weather", { toolCalls: [{ name: "get_weather", arguments: '{"city":"Seoul"}' }] });
  mock.onJsonOutput("as json", { city: "Seoul", degrees: 21 });
  await mock.start();
  upstream = openUpstream(`${mock.url}/v1`);
});

afterAll(async () => {
  await upstream.close();
  await mock.stop();
});

/** What it asks, once whole and once as a stream. */
async function ask(input: ChatInput) {
  const whole = await upstream.complete(sampleCall({ input, upstreamModel: "gpt-4.1" }));
  if (whole.kind === "failed") throw new Error(whole.failure.message);
  const opened = await upstream.stream(sampleCall({ input, upstreamModel: "gpt-4.1" }));
  const stream = await readAll(opened);
  return {
    completion: whole.completion,
    stream,
    start: opened.kind === "opened" ? opened.stream.start() : undefined,
  };
}

function withTool(text: string): ChatInput {
  const parametersJsonSchema = '{"type":"object","properties":{"city":{"type":"string"}}}';
  return create(ChatInputSchema, {
    messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: text } }] }],
    tools: [{ tool: { case: "function", value: { name: "get_weather", parametersJsonSchema } } }],
  });
}

describe("an answer of aimock", () => {
  it("is the same whole and streamed", async () => {
    const { completion, stream, start } = await ask(sampleInput("greet me"));
    const [choice] = completion.choices;
    expect(choice?.message?.parts[0]?.part).toEqual({ case: "text", value: "Hello there, 세계 🙂" });
    expect(choice?.finishReason).toBe(FinishReason.STOP);
    expect(completion.usage).toMatchObject({
      inputTokens: 11,
      outputTokens: 7,
      source: UsageSource.UPSTREAM,
    });
    expect(stream).toMatchObject({
      text: "Hello there, 세계 🙂",
      ends: [{ index: 0, finishReason: FinishReason.STOP }],
      done: true,
      failure: undefined,
    });
    expect(stream.deltas.length).toBeGreaterThan(2);
    expect(stream.batches.at(-1)?.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    expect(start?.modelVersion).toBe(completion.modelVersion);
    expect(completion.id).not.toBe("");
  });

  it("brings reasoning apart from text", async () => {
    const { completion, stream } = await ask(sampleInput("think hard"));
    expect(completion.choices[0]?.message?.parts.map(({ part }) => part.case)).toEqual(["reasoning", "text"]);
    expect(stream.text).toBe("42");
    const reasoning = stream.deltas.flatMap(({ delta }) => (delta.case === "reasoning" ? [delta.value] : []));
    expect(reasoning.join("")).toBe("Six times seven.");
  });

  it("brings tool calls, whole and in fragments", async () => {
    const { completion, stream } = await ask(withTool("weather please"));
    const part = completion.choices[0]?.message?.parts[0]?.part;
    expect(part).toMatchObject({
      case: "toolCall",
      value: { name: "get_weather", argumentsJson: '{"city":"Seoul"}' },
    });
    expect(completion.choices[0]?.finishReason).toBe(FinishReason.TOOL_CALLS);
    const fragments = stream.deltas.flatMap(({ delta }) => (delta.case === "toolCall" ? [delta.value] : []));
    expect(fragments[0]?.name).toBe("get_weather");
    expect(fragments.map(({ argumentsFragment }) => argumentsFragment).join("")).toBe('{"city":"Seoul"}');
    expect(stream.ends[0]?.finishReason).toBe(FinishReason.TOOL_CALLS);
    expect(mock.getLastRequest()?.body).toMatchObject({ tools: [{ function: { name: "get_weather" } }] });
  });

  it("to a JSON format is JSON", async () => {
    const input = create(ChatInputSchema, {
      messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: "as json please" } }] }],
      responseFormat: { format: { case: "jsonObject", value: {} } },
    });
    const { completion, stream } = await ask(input);
    const part = completion.choices[0]?.message?.parts[0]?.part;
    expect(part?.case === "text" && JSON.parse(part.value)).toEqual({ city: "Seoul", degrees: 21 });
    expect(JSON.parse(stream.text)).toEqual({ city: "Seoul", degrees: 21 });
    expect(mock.getLastRequest()?.body).toMatchObject({ response_format: { type: "json_object" } });
  });

  it("was asked with the key of the call", async () => {
    await ask(sampleInput("greet me"));
    // aimock hides the key in its journal; that there is one it shows.
    expect(mock.getLastRequest()?.headers).toHaveProperty("authorization");
  });
});

describe("an error of aimock", () => {
  const cases: readonly { status: number; type: string; code: string; kind: FailureKind }[] = [
    { status: 400, type: "invalid_request_error", code: "context_length_exceeded", kind: "context-too-long" },
    { status: 400, type: "invalid_request_error", code: "invalid_value", kind: "invalid-request" },
    { status: 401, type: "invalid_request_error", code: "invalid_api_key", kind: "unauthorized" },
    { status: 404, type: "invalid_request_error", code: "model_not_found", kind: "model-missing" },
    { status: 429, type: "requests", code: "rate_limit_exceeded", kind: "rate-limited" },
    { status: 429, type: "insufficient_quota", code: "insufficient_quota", kind: "quota-exhausted" },
    { status: 500, type: "server_error", code: "server_error", kind: "server-error" },
    { status: 503, type: "server_error", code: "service_unavailable", kind: "overloaded" },
  ];
  for (const { status, type, code, kind } of cases) {
    it(`${status} with ${code} is ${kind}, for a unary call and for a stream`, async () => {
      const call = sampleCall({ input: sampleInput("greet me") });
      mock.nextRequestError(status, { message: "of the mock", type, code });
      const unary = await failureOf(upstream.complete(call));
      mock.nextRequestError(status, { message: "of the mock", type, code });
      const stream = await failureOf(upstream.stream(call));
      for (const failure of [unary, stream]) {
        expect(failure).toMatchObject({ kind, httpStatus: status, upstreamCode: code });
        expect(failure.message).not.toContain("of the mock");
      }
    });
  }

  it("says when to come back", async () => {
    mock.on(
      { userMessage: "too fast" },
      { error: { message: "slow down", type: "requests" }, status: 429, retryAfter: 7 },
    );
    const failure = await failureOf(upstream.complete(sampleCall({ input: sampleInput("too fast") })));
    expect(failure).toMatchObject({ kind: "rate-limited", retryAfterMs: 7000 });
  });

  it("of its OpenRouter face has codes that are numbers", async () => {
    const router = openUpstream(`${mock.url}/api/v1`);
    const metadata = { reasons: ["violence"], flagged_input: "…", provider_name: "x", model_slug: "y" };
    const message = "Your chosen model requires moderation and your input was flagged";
    mock.on({ userMessage: "flag this" }, { error: { message, metadata }, status: 403 });
    mock.on({ userMessage: "no money" }, { error: { message: "Insufficient credits" }, status: 402 });
    const kindOf = async (text: string) =>
      (await failureOf(router.complete(sampleCall({ input: sampleInput(text) })))).kind;
    expect(await kindOf("flag this")).toBe("content-filtered");
    expect(await kindOf("no money")).toBe("quota-exhausted");
    await router.close();
  });
});

describe("chaos of aimock", () => {
  const call = sampleCall({ input: sampleInput("greet me") });

  it("that disconnects breaks the connection or the stream", async () => {
    mock.setChaos({ disconnectRate: 1 });
    const unary = await failureOf(upstream.complete(call));
    expect(["connection-lost", "stale-connection"]).toContain(unary.kind);
    const opened = await upstream.stream(call);
    const failure = opened.kind === "failed" ? opened.failure : (await readAll(opened)).failure;
    expect(["connection-lost", "stale-connection"]).toContain(failure?.kind);
    mock.clearChaos();
  });

  it("that sends malformed JSON is a bad response", async () => {
    mock.setChaos({ malformedRate: 1 });
    expect((await failureOf(upstream.complete(call))).kind).toBe("bad-response");
    const opened = await upstream.stream(call);
    const failure = opened.kind === "failed" ? opened.failure : (await readAll(opened)).failure;
    expect(failure?.kind).toBe("bad-response");
    mock.clearChaos();
  });

  it("that drops requests is a server error", async () => {
    mock.setChaos({ dropRate: 1 });
    expect(await failureOf(upstream.complete(call))).toMatchObject({ kind: "server-error", httpStatus: 500 });
    mock.clearChaos();
    expect((await upstream.complete(call)).kind).toBe("completed");
  });
});
