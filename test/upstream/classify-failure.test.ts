import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cancelledFailure,
  classifyErrorValue,
  classifyExchange,
  classifyFault,
  classifyNonAnswer,
  classifyStatus,
} from "../../src/upstream/classify-failure.ts";
import { createExchange, type FaultPhase } from "../../src/upstream/exchange.ts";
import { failureSentences } from "../../src/upstream/failure-sentences.ts";
import { findUpstreamCode } from "../../src/upstream/upstream-codes.ts";
import type { FailureKind } from "../../src/routing/failure.ts";

const secretText = "sk-verysecret the prompt was: tell me";

const withCode = (code: string): Error => Object.assign(new Error(secretText), { code });

function judge(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return classifyStatus({ status, headers }, typeof body === "string" ? body : JSON.stringify(body));
}

const openai = (error: object): object => ({ error: { message: secretText, param: null, ...error } });

describe("an error status", () => {
  const byStatus: readonly (readonly [number, FailureKind])[] = [
    [300, "redirected"],
    [301, "redirected"],
    [302, "redirected"],
    [304, "redirected"],
    [307, "redirected"],
    [308, "redirected"],
    [400, "invalid-request"],
    [401, "unauthorized"],
    [402, "quota-exhausted"],
    [403, "forbidden"],
    [404, "model-missing"],
    [405, "bad-response"],
    [408, "timeout"],
    [409, "conflict"],
    [410, "model-missing"],
    [413, "request-too-large"],
    [418, "invalid-request"],
    [422, "invalid-request"],
    [424, "server-error"],
    [429, "rate-limited"],
    [431, "invalid-request"],
    [500, "server-error"],
    [501, "server-error"],
    [502, "server-error"],
    [503, "overloaded"],
    [504, "server-error"],
    [520, "server-error"],
    [524, "server-error"],
    [529, "overloaded"],
    [599, "server-error"],
    [600, "bad-response"],
    [999, "bad-response"],
  ];
  for (const [status, kind] of byStatus) {
    it(`${status} is ${kind}, whatever its body is`, () => {
      for (const body of ["", "<html>Bad Gateway</html>", "{", openai({ type: "some_error" }), [], "null"]) {
        expect(judge(status, body)).toMatchObject({ kind, httpStatus: status, upstreamCode: undefined });
      }
    });
  }
});

describe("an error body", () => {
  interface Case {
    readonly name: string;
    readonly status: number;
    readonly body: unknown;
    readonly kind: FailureKind;
    readonly code?: string;
  }
  const google = (error: object): object => ({ error: { message: secretText, ...error } });
  const cases: readonly Case[] = [
    {
      name: "OpenAI: context length",
      status: 400,
      body: openai({ type: "invalid_request_error", code: "context_length_exceeded", param: "messages" }),
      kind: "context-too-long",
      code: "context_length_exceeded",
    },
    {
      name: "OpenAI: content policy",
      status: 400,
      body: openai({ type: "invalid_request_error", code: "content_policy_violation" }),
      kind: "content-filtered",
      code: "content_policy_violation",
    },
    {
      name: "OpenAI: an unknown parameter",
      status: 400,
      body: openai({ type: "invalid_request_error", code: "unknown_parameter" }),
      kind: "invalid-request",
      code: "unknown_parameter",
    },
    {
      name: "OpenAI: a spent quota",
      status: 429,
      body: openai({ type: "insufficient_quota", code: "insufficient_quota" }),
      kind: "quota-exhausted",
      code: "insufficient_quota",
    },
    {
      name: "OpenAI: requests a minute",
      status: 429,
      body: openai({ type: "requests", code: "rate_limit_exceeded" }),
      kind: "rate-limited",
      code: "rate_limit_exceeded",
    },
    {
      name: "OpenAI: a hard billing limit",
      status: 400,
      body: openai({ type: "invalid_request_error", code: "billing_hard_limit_reached" }),
      kind: "quota-exhausted",
      code: "billing_hard_limit_reached",
    },
    {
      name: "OpenAI: a wrong key",
      status: 401,
      body: openai({ type: "invalid_request_error", code: "invalid_api_key" }),
      kind: "unauthorized",
      code: "invalid_api_key",
    },
    {
      name: "OpenAI: a missing model",
      status: 404,
      body: openai({ type: "invalid_request_error", code: "model_not_found" }),
      kind: "model-missing",
      code: "model_not_found",
    },
    {
      name: "OpenAI: overloaded",
      status: 503,
      body: openai({ type: "server_error", code: null }),
      kind: "overloaded",
      code: "server_error",
    },
    {
      name: "Azure: its content filter",
      status: 400,
      body: {
        error: {
          message: secretText,
          code: "content_filter",
          status: 400,
          innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: {} },
        },
      },
      kind: "content-filtered",
      code: "content_filter",
    },
    {
      name: "Azure: a missing deployment",
      status: 404,
      body: { error: { code: "DeploymentNotFound", message: secretText } },
      kind: "model-missing",
      code: "DeploymentNotFound",
    },
    {
      name: "Azure: a rate limit, by number",
      status: 429,
      body: { error: { code: "429", message: secretText } },
      kind: "rate-limited",
    },
    {
      name: "Azure: a wrong key, by number",
      status: 401,
      body: { error: { code: "401", message: secretText } },
      kind: "unauthorized",
    },
    {
      name: "API management: no error member",
      status: 401,
      body: { statusCode: 401, message: "Access denied due to invalid subscription key." },
      kind: "unauthorized",
    },
    {
      name: "Anthropic: a prompt too long",
      status: 400,
      body: {
        type: "error",
        error: {
          type: "invalid_request_error",
          message: "prompt is too long: 210000 tokens > 200000 maximum",
        },
      },
      kind: "context-too-long",
      code: "invalid_request_error",
    },
    {
      name: "Anthropic: no credit left",
      status: 400,
      body: {
        type: "error",
        error: {
          type: "invalid_request_error",
          message: "Your credit balance is too low to access the Anthropic API.",
        },
      },
      kind: "quota-exhausted",
      code: "invalid_request_error",
    },
    {
      name: "Anthropic: its usage limit",
      status: 400,
      body: {
        type: "error",
        error: {
          type: "invalid_request_error",
          message: "You have reached your specified API usage limits. You will regain access on 2026-12-01.",
        },
      },
      kind: "quota-exhausted",
      code: "invalid_request_error",
    },
    {
      name: "Anthropic: overloaded",
      status: 529,
      body: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
      kind: "overloaded",
      code: "overloaded_error",
    },
    {
      name: "Anthropic: a rate limit",
      status: 429,
      body: { type: "error", error: { type: "rate_limit_error", message: secretText } },
      kind: "rate-limited",
      code: "rate_limit_error",
    },
    {
      name: "Anthropic: too large",
      status: 413,
      body: { type: "error", error: { type: "request_too_large", message: secretText } },
      kind: "request-too-large",
      code: "request_too_large",
    },
    {
      name: "Google: an array with a wrong key as 400",
      status: 400,
      body: [
        google({
          code: 400,
          status: "INVALID_ARGUMENT",
          details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }],
        }),
      ],
      kind: "unauthorized",
      code: "API_KEY_INVALID",
    },
    {
      name: "Google: too many tokens",
      status: 400,
      body: [
        {
          error: {
            code: 400,
            status: "INVALID_ARGUMENT",
            message:
              "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
          },
        },
      ],
      kind: "context-too-long",
      code: "INVALID_ARGUMENT",
    },
    {
      name: "Google: a rate limit",
      status: 429,
      body: [google({ code: 429, status: "RESOURCE_EXHAUSTED" })],
      kind: "rate-limited",
      code: "RESOURCE_EXHAUSTED",
    },
    {
      name: "Google: overloaded",
      status: 503,
      body: [google({ code: 503, status: "UNAVAILABLE" })],
      kind: "overloaded",
      code: "UNAVAILABLE",
    },
    {
      name: "vLLM: its own envelope",
      status: 400,
      body: {
        object: "error",
        type: "BadRequestError",
        code: 400,
        message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
      },
      kind: "context-too-long",
      code: "BadRequestError",
    },
    {
      name: "FastAPI: a list of details",
      status: 422,
      body: { detail: [{ loc: ["body", "messages"], msg: "field required", type: "value_error.missing" }] },
      kind: "invalid-request",
    },
    {
      name: "OpenRouter: no credits",
      status: 402,
      body: { error: { code: 402, message: "Insufficient credits" } },
      kind: "quota-exhausted",
    },
    {
      name: "OpenRouter: moderation as 403",
      status: 403,
      body: {
        error: {
          code: 403,
          message: 'Your chosen model requires moderation and your input was flagged for "x"',
          metadata: { reasons: ["x"], flagged_input: "y" },
        },
      },
      kind: "content-filtered",
    },
    {
      name: "a gateway that quotes the upstream behind it as a string",
      status: 400,
      body: {
        error: {
          code: 400,
          message: "Provider returned error",
          metadata: { raw: JSON.stringify({ error: { code: "context_length_exceeded" } }) },
        },
      },
      kind: "context-too-long",
      code: "context_length_exceeded",
    },
    {
      name: "a gateway whose message is the JSON behind it",
      status: 429,
      body: {
        error: {
          message: JSON.stringify([{ error: { status: "RESOURCE_EXHAUSTED", code: 429 } }]),
          type: "upstream_error",
        },
      },
      kind: "rate-limited",
      code: "RESOURCE_EXHAUSTED",
    },
    {
      name: "a gateway without balance as 403",
      status: 403,
      body: openai({ code: "insufficient_user_quota", type: "new_api_error" }),
      kind: "quota-exhausted",
      code: "insufficient_user_quota",
    },
    {
      name: "a gateway without a channel as 503",
      status: 503,
      body: openai({ code: "model_not_found" }),
      kind: "overloaded",
      code: "model_not_found",
    },
    {
      name: "a missing model as 400",
      status: 400,
      body: openai({ code: "invalid_model" }),
      kind: "model-missing",
      code: "invalid_model",
    },
    {
      name: "an error that is a string",
      status: 400,
      body: { error: "the prompt is too long" },
      kind: "context-too-long",
    },
    {
      name: "an error that is a code",
      status: 400,
      body: { error: "context_length_exceeded" },
      kind: "context-too-long",
      code: "context_length_exceeded",
    },
    {
      name: "an error as bare text",
      status: 400,
      body: "This model's maximum context length is 8192 tokens",
      kind: "context-too-long",
    },
    {
      name: "a refusal that quotes its request is no spent quota",
      status: 400,
      body: openai({ message: "Invalid value: 'x\nyour credit balance is too low'" }),
      kind: "invalid-request",
    },
    {
      name: "a message is no code",
      status: 400,
      body: openai({ message: "insufficient_quota" }),
      kind: "invalid-request",
    },
    {
      name: "a quota sentence with a rate status",
      status: 429,
      body: openai({
        message: "You exceeded your current quota, please check your plan and billing details.",
      }),
      kind: "quota-exhausted",
    },
    {
      name: "Groq: a rate limit as 413",
      status: 413,
      body: openai({ type: "tokens", code: "rate_limit_exceeded" }),
      kind: "request-too-large",
      code: "rate_limit_exceeded",
    },
    {
      name: "413 with a context code",
      status: 413,
      body: openai({ code: "context_length_exceeded" }),
      kind: "context-too-long",
      code: "context_length_exceeded",
    },
    {
      name: "401 keeps its class whatever its code",
      status: 401,
      body: openai({ code: "context_length_exceeded" }),
      kind: "unauthorized",
      code: "context_length_exceeded",
    },
    {
      name: "500 keeps its class whatever its code",
      status: 500,
      body: openai({ code: "insufficient_quota" }),
      kind: "server-error",
      code: "insufficient_quota",
    },
    {
      name: "a code in other letters",
      status: 400,
      body: openai({ code: " Context-Length-Exceeded " }),
      kind: "context-too-long",
      code: "context_length_exceeded",
    },
    {
      name: "members of wrong types",
      status: 400,
      body: { error: { code: { a: 1 }, type: ["x"], message: 7, details: "x", innererror: null } },
      kind: "invalid-request",
    },
  ];
  for (const { name, status, body, kind, code } of cases) {
    it(`is read: ${name}`, () => {
      const failure = judge(status, body);
      expect(failure).toMatchObject({ kind, httpStatus: status, upstreamCode: code });
      expect(failure.message).toBe(failureSentences[kind]);
    });
  }
});

describe("an error inside a 200 or a stream", () => {
  const head = { status: 200, headers: { "x-request-id": "req-1" } };
  const cases: readonly { readonly error: unknown; readonly kind: FailureKind; readonly code?: string }[] = [
    { error: { code: 429, message: secretText }, kind: "rate-limited" },
    { error: { code: "429" }, kind: "rate-limited" },
    { error: { code: 401 }, kind: "unauthorized" },
    { error: { code: 402 }, kind: "quota-exhausted" },
    { error: { code: 502, metadata: { provider_name: "x" } }, kind: "server-error" },
    { error: { code: 503 }, kind: "overloaded" },
    { error: { code: 429, type: "insufficient_quota" }, kind: "quota-exhausted", code: "insufficient_quota" },
    { error: { type: "overloaded_error" }, kind: "overloaded", code: "overloaded_error" },
    {
      error: { type: "server_error", code: "rate_limit_exceeded" },
      kind: "rate-limited",
      code: "rate_limit_exceeded",
    },
    { error: { type: "invalid_request_error" }, kind: "invalid-request", code: "invalid_request_error" },
    {
      error: { type: "invalid_request_error", message: "prompt is too long" },
      kind: "context-too-long",
      code: "invalid_request_error",
    },
    { error: { type: "api_error" }, kind: "server-error", code: "api_error" },
    { error: { message: secretText }, kind: "server-error" },
    { error: secretText, kind: "server-error" },
    { error: true, kind: "server-error" },
    { error: [], kind: "server-error" },
    { error: { code: 200 }, kind: "server-error" },
    { error: { code: -1 }, kind: "server-error" },
    { error: { code: Infinity }, kind: "server-error" },
  ];
  for (const { error, kind, code } of cases) {
    it(`is ${kind}: ${JSON.stringify(error).slice(0, 70)}`, () => {
      const expected = { kind, httpStatus: 200, upstreamCode: code, upstreamRequestId: "req-1" };
      expect(classifyErrorValue(error, head)).toMatchObject(expected);
      expect(classifyNonAnswer({ error }, head)).toMatchObject(expected);
    });
  }

  it("is a bad response where nothing calls itself an error", () => {
    for (const body of [undefined, null, "", {}, [], { error: null }, { error: "" }, { choices: [] }]) {
      expect(classifyNonAnswer(body, head)).toMatchObject({ kind: "bad-response", httpStatus: 200 });
    }
  });

  it("may be the body itself", () => {
    expect(classifyNonAnswer({ object: "error", code: 404 }, head)).toMatchObject({ kind: "model-missing" });
  });
});

describe("an error of the transport", () => {
  const cases: readonly {
    readonly phase: FaultPhase;
    readonly code: string;
    readonly kind: FailureKind;
    readonly message?: string;
  }[] = [
    {
      phase: "connecting",
      code: "ECONNREFUSED",
      kind: "unreachable",
      message: "the upstream refuses connections",
    },
    {
      phase: "connecting",
      code: "ENOTFOUND",
      kind: "unreachable",
      message: "the upstream's host name cannot be resolved",
    },
    {
      phase: "connecting",
      code: "EAI_AGAIN",
      kind: "unreachable",
      message: "the upstream's host name cannot be resolved",
    },
    {
      phase: "connecting",
      code: "ETIMEDOUT",
      kind: "unreachable",
      message: "no connection to the upstream came about in time",
    },
    {
      phase: "connecting",
      code: "UND_ERR_CONNECT_TIMEOUT",
      kind: "unreachable",
      message: "no connection to the upstream came about in time",
    },
    { phase: "connecting", code: "ECONNRESET", kind: "unreachable" },
    { phase: "connecting", code: "EHOSTUNREACH", kind: "unreachable" },
    {
      phase: "connecting",
      code: "CERT_HAS_EXPIRED",
      kind: "unreachable",
      message: "the upstream's certificate is not valid",
    },
    {
      phase: "connecting",
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      kind: "unreachable",
      message: "the upstream's certificate is not valid",
    },
    {
      phase: "connecting",
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      kind: "unreachable",
      message: "the upstream's certificate is not valid",
    },
    {
      phase: "connecting",
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      kind: "unreachable",
      message: "the upstream's certificate is not valid",
    },
    { phase: "connecting", code: "ERR_SSL_WRONG_VERSION_NUMBER", kind: "unreachable" },
    { phase: "connecting", code: "NEVER_SEEN", kind: "unreachable" },
    { phase: "connecting", code: "EMFILE", kind: "local" },
    { phase: "connecting", code: "ENFILE", kind: "local" },
    { phase: "connecting", code: "EADDRNOTAVAIL", kind: "local" },
    { phase: "unprocessed", code: "ECONNRESET", kind: "stale-connection" },
    { phase: "unprocessed", code: "EPIPE", kind: "stale-connection" },
    { phase: "unprocessed", code: "UND_ERR_SOCKET", kind: "stale-connection" },
    { phase: "unprocessed", code: "UND_ERR_INFO", kind: "stale-connection" },
    { phase: "unprocessed", code: "UND_ERR_INVALID_ARG", kind: "local" },
    {
      phase: "unprocessed",
      code: "UND_ERR_DESTROYED",
      kind: "local",
      message: "the gateway closed its connections to the upstream",
    },
    { phase: "lost", code: "ECONNRESET", kind: "connection-lost" },
    { phase: "lost", code: "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", kind: "connection-lost" },
    { phase: "lost", code: "NEVER_SEEN", kind: "connection-lost" },
    { phase: "lost", code: "UND_ERR_RES_EXCEEDED_MAX_SIZE", kind: "bad-response" },
    { phase: "lost", code: "UND_ERR_HEADERS_OVERFLOW", kind: "bad-response" },
  ];
  for (const { phase, code, kind, message } of cases) {
    it(`${code} while ${phase} is ${kind}`, () => {
      const error = withCode(code);
      const failure = classifyFault({ phase, error }, undefined);
      expect(failure).toMatchObject({ kind, httpStatus: undefined, upstreamCode: undefined, cause: error });
      if (message !== undefined) expect(failure.message).toBe(message);
      expect(failure.message).not.toContain(secretText);
    });
  }

  it("of several addresses has the code of the first", () => {
    const error = new AggregateError([withCode("ECONNREFUSED"), withCode("EHOSTUNREACH")]);
    expect(classifyFault({ phase: "connecting", error }, undefined).message).toBe(
      "the upstream refuses connections",
    );
  });

  it("may be no error at all", () => {
    for (const error of [undefined, null, "text", 7, { code: 5 }]) {
      expect(classifyFault({ phase: "lost", error }, undefined).kind).toBe("connection-lost");
    }
  });
});

describe("an exchange", () => {
  const headers = {};

  it("that its signal ended is cancelled, whatever else happened to it", () => {
    const exchange = createExchange(AbortSignal.abort(), headers);
    exchange.fault = { phase: "lost", error: new Error("x") };
    exchange.head = { status: 500, headers: {} };
    expect(classifyExchange(exchange, new Error("y"))).toMatchObject({ kind: "cancelled", httpStatus: 500 });
    expect(cancelledFailure(undefined).message).toBe(failureSentences.cancelled);
  });

  it("that never began is a fault of ours", () => {
    const thrown = new TypeError("a header that is none");
    const exchange = createExchange(new AbortController().signal, headers);
    expect(classifyExchange(exchange, thrown)).toMatchObject({ kind: "local", cause: thrown });
  });

  it("with a 2xx is no failure yet", () => {
    const exchange = createExchange(new AbortController().signal, headers);
    exchange.head = { status: 200, headers: {} };
    expect(classifyExchange(exchange, undefined)).toBeUndefined();
  });
});

describe("what leaves the gateway", () => {
  it("is at most 200 characters of our own", () => {
    for (const sentence of Object.values(failureSentences)) {
      expect(sentence.length).toBeLessThanOrEqual(200);
    }
  });

  it("holds nothing of an upstream's body or headers but listed codes and short ids", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("context_length_exceeded", "sk-x", "429", "overloaded"),
    );
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          error: fc.record(
            { code: word, type: word, message: word, metadata: fc.record({ raw: word }) },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(body, fc.string(), fc.integer({ min: 300, max: 999 }), (value, id, status) => {
        const failure = classifyStatus({ status, headers: { "x-request-id": id } }, JSON.stringify(value));
        expect(Object.values(failureSentences)).toContain(failure.message);
        if (failure.upstreamCode !== undefined)
          expect(findUpstreamCode(failure.upstreamCode)?.code).toBe(failure.upstreamCode);
        if (failure.upstreamRequestId !== undefined)
          expect(failure.upstreamRequestId).toMatch(/^[\x21-\x7e]{1,128}$/);
        expect(failure.cause).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("is found in time however an error is nested", () => {
    let nested: unknown = { code: "context_length_exceeded" };
    for (let depth = 0; depth < 1000; depth++)
      nested = { error: nested, message: JSON.stringify({ error: depth }) };
    expect(judge(400, nested).kind).toBe("invalid-request");
    const wide = {
      error: Array.from({ length: 10_000 }, () => ({ error: { details: [{ error: {} }, {}] } })),
    };
    expect(judge(400, wide).kind).toBe("invalid-request");
  });
});

describe("when to come back", () => {
  it("is read off the headers, else off Google's RetryInfo", () => {
    const info = {
      error: {
        status: "RESOURCE_EXHAUSTED",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "38s" }],
      },
    };
    expect(judge(429, [info]).retryAfterMs).toBe(38_000);
    expect(judge(429, [info], { "retry-after": "5" }).retryAfterMs).toBe(5000);
    expect(judge(429, {}).retryAfterMs).toBeUndefined();
    expect(judge(503, {}, { "retry-after": "7" }).retryAfterMs).toBe(7000);
  });
});
