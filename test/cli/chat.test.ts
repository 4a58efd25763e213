import { once } from "node:events";
import { createServer } from "node:net";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { FinishReason, Role, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatRequest, ChatStreamResponseSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { ChatResponseSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  AttemptOutcome,
  ErrorReason,
  RouteDecisionSchema,
  RouteDetail,
  RouteReason,
  SkipReason,
  Tier,
} from "../../gen/switchyard/v1/routing_pb.ts";
import { runCommand } from "../support/command-run.ts";
import { startScriptedGateway } from "../support/scripted-gateway.ts";

type StreamEvent = MessageInitShape<typeof ChatStreamResponseSchema>;

const traceId = "0af7651916cd43dd8448eb211c80319c";

const route: MessageInitShape<typeof RouteDecisionSchema> = {
  tier: Tier.SIMPLE,
  model: "deepseek/deepseek-chat-v3-2",
  deployment: "deepseek/deepseek-chat-v3-2@holysheep",
  reason: RouteReason.FALLBACK,
  attemptCount: 2,
  attempts: [
    {
      deployment: "google/gemini-2.5-flash-preview@holysheep",
      outcome: AttemptOutcome.SKIPPED,
      skipReason: SkipReason.BREAKER_OPEN,
    },
    {
      number: 1,
      deployment: "openai/gpt-4.1@legacy",
      reason: RouteReason.PRIMARY,
      outcome: AttemptOutcome.FAILED,
      error: {
        reason: ErrorReason.UPSTREAM_RATE_LIMITED,
        httpStatus: 429,
        message: "the key is rate limited",
      },
    },
    {
      number: 2,
      deployment: "deepseek/deepseek-chat-v3-2@holysheep",
      reason: RouteReason.FALLBACK,
      outcome: AttemptOutcome.SUCCEEDED,
      keyId: "primary",
    },
  ],
  totalCost: { nanosUsd: 69_640n },
  traceId,
};

const answer: MessageInitShape<typeof ChatResponseSchema> = {
  choices: [
    {
      message: { role: Role.ASSISTANT, parts: [{ part: { case: "text", value: "안녕하세요" } }] },
      finishReason: FinishReason.STOP,
    },
  ],
  usage: { inputTokens: 12, outputTokens: 34, source: UsageSource.UPSTREAM },
  cost: { nanosUsd: 69_640n },
  route,
};

const usage = { inputTokens: 1, outputTokens: 2 };

function textDelta(text: string): StreamEvent {
  return { event: { case: "delta", value: { delta: { case: "text", value: text } } } };
}

function fragment(toolIndex: number, argumentsFragment: string, id = "", name = ""): StreamEvent {
  const value = { toolIndex, id, name, argumentsFragment };
  return { event: { case: "delta", value: { delta: { case: "toolCall", value } } } };
}

const finished: StreamEvent = {
  event: { case: "finished", value: { usage, cost: { unpriced: true }, route } },
};

async function* stream(...events: readonly StreamEvent[]): AsyncGenerator<StreamEvent> {
  yield* events;
}

describe("switchyard chat", () => {
  it("prints the answer, then model, deployment, tokens, cost, attempts with their reasons, trace id", async () => {
    const seen: ChatRequest[] = [];
    await using gateway = await startScriptedGateway({
      gateway: {
        chat: (request) => {
          seen.push(request);
          return answer;
        },
        listModels: () => ({ models: [{ id: "deepseek/deepseek-chat-v3-2", simulated: true }] }),
      },
    });
    const words = ["chat", "--address", gateway.address, "--tier", "simple", "한국어", "문법"];
    const { code, stdout, stderr } = await runCommand(words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^안녕하세요\n\n/);
    for (const shown of [
      /simulated +yes/,
      /model +deepseek\/deepseek-chat-v3-2/,
      /deployment +deepseek\/deepseek-chat-v3-2@holysheep/,
      /reason +FALLBACK/,
      /tokens +12 in, 34 out/,
      /cost +\$0\.00006964/,
      /attempts +2, 1 candidate skipped/,
      /- +google\/gemini-2.5-flash-preview@holysheep +skipped: breaker open/,
      /1 +openai\/gpt-4.1@legacy .*failed.* UPSTREAM_RATE_LIMITED \(HTTP 429\): the key is rate limited/,
      /2 +deepseek\/deepseek-chat-v3-2@holysheep +fallback, succeeded with key primary/,
      new RegExp(`trace +${traceId}`),
    ]) {
      expect(stdout).toMatch(shown);
    }
    expect(seen[0]?.target?.target).toEqual({ case: "tier", value: Tier.SIMPLE });
    expect(seen[0]?.routing?.routeDetail).toBe(RouteDetail.FULL);
    expect(seen[0]?.input?.messages[0]?.parts[0]?.part).toEqual({ case: "text", value: "한국어 문법" });
  });

  it("reads the text from standard input for -", async () => {
    const seen: ChatRequest[] = [];
    await using gateway = await startScriptedGateway({
      gateway: {
        chat: (request) => {
          seen.push(request);
          return answer;
        },
      },
    });
    const { code } = await runCommand(["chat", "--address", gateway.address, "-"], { stdin: "a\nb\n" });
    expect(code).toBe(0);
    expect(seen[0]?.input?.messages[0]?.parts[0]?.part.value).toBe("a\nb\n");
    expect(seen[0]?.target).toBeUndefined();
  });

  it("prints the contract's JSON with --json", async () => {
    await using gateway = await startScriptedGateway({ gateway: { chat: () => answer } });
    const { stdout } = await runCommand(["chat", "--json", "--address", gateway.address, "hi"]);
    expect(fromJsonString(ChatResponseSchema, stdout).cost?.nanosUsd).toBe(69_640n);
  });

  it("prints deltas as they come and says that a stream started over", async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<void>();
    await using gateway = await startScriptedGateway({
      gateway: {
        async *chatStream() {
          yield { event: { case: "started", value: { route } } };
          yield textDelta("half an ");
          await goOn;
          yield { event: { case: "heartbeat", value: {} } };
          yield {
            event: {
              case: "restarted",
              value: { failedAttempt: { deployment: "a/b@c" }, deployment: "d/e@f" },
            },
          };
          yield textDelta("whole ");
          yield textDelta("answer");
          yield finished;
        },
      },
    });
    const { code, stdout } = await runCommand(["chat", "--stream", "--address", gateway.address, "hi"], {
      // The first delta is on the terminal while the gateway still waits.
      onPrint: (printed) => {
        if (printed === "half an ") resolve();
      },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^half an \n\n\[a\/b@c broke off.*starts over from d\/e@f\]\n\nwhole answer\n\nmodel/s,
    );
    expect(stdout).toMatch(/cost +unpriced/);
  });

  it("puts interleaved fragments of tool calls together", async () => {
    await using gateway = await startScriptedGateway({
      gateway: {
        chatStream: () =>
          stream(
            textDelta("Looking."),
            fragment(0, '{"a"', "id0", "f"),
            fragment(1, '{"b"', "id1", "g"),
            fragment(0, ":1}"),
            fragment(1, ":2}"),
            finished,
          ),
      },
    });
    const { stdout } = await runCommand(["chat", "--stream", "--address", gateway.address, "hi"]);
    expect(stdout).toContain('Looking.\n[calls f({"a":1}) as id0]\n[calls g({"b":2}) as id1]\n');
  });

  it("ends the line of an answer that breaks off, so that the error begins its own", async () => {
    await using gateway = await startScriptedGateway({
      gateway: {
        chatStream: async function* () {
          yield textDelta("half an answer");
          throw new ConnectError("broke", Code.Aborted);
        },
      },
    });
    const words = ["chat", "--stream", "--address", gateway.address, "hi"];
    const { code, stdout, stderr } = await runCommand(words);
    expect(code).toBe(1);
    expect(stdout).toBe("half an answer\n");
    expect(stderr).toMatch(/^error: ABORTED/);
  });

  for (const flags of [[], ["--json"]]) {
    it(`fails for a stream that ends without its proof of being whole${flags.join("")}`, async () => {
      await using gateway = await startScriptedGateway({
        gateway: { chatStream: () => stream(textDelta("half")) },
      });
      const words = ["chat", "--stream", ...flags, "--address", gateway.address, "hi"];
      const { code, stderr } = await runCommand(words);
      expect(code).toBe(1);
      expect(stderr).toContain("before the answer was whole");
    });
  }

  it("shows escape sequences of an answer on a terminal, and passes them on into a pipe", async () => {
    const evil = "\u001b]0;title\u0007\u001b[2J";
    await using gateway = await startScriptedGateway({
      gateway: { chatStream: () => stream(textDelta(evil), finished) },
    });
    const words = ["chat", "--stream", "--address", gateway.address, "hi"];
    expect((await runCommand(words, { terminal: true })).stdout).toMatch(/^␛\]0;title␇␛\[2J\n/);
    expect((await runCommand(words)).stdout.startsWith(evil)).toBe(true);
  });

  it("cancels the call at a signal", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    await using gateway = await startScriptedGateway({
      gateway: {
        async *chatStream(_request, { signal }) {
          signal.addEventListener("abort", () => resolve());
          yield textDelta("half");
          await cancelled;
        },
      },
    });
    const { code, stderr } = await runCommand(["chat", "--stream", "--address", gateway.address, "hi"], {
      onPrint: (_printed, send) => send("SIGINT"),
    });
    await cancelled;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "cancelled\n" });
  });
});

describe("a failed chat", () => {
  const error = new ConnectError("nothing answered", Code.Unavailable, undefined, [
    {
      desc: ErrorInfoSchema,
      value: { reason: "NO_DEPLOYMENT_AVAILABLE", domain: "switchyard.v1", metadata: { suggestions: "a/b" } },
    },
    {
      desc: BadRequestSchema,
      value: { fieldViolations: [{ field: "input.messages", description: "too many" }] },
    },
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 8n } } },
    { desc: RouteDecisionSchema, value: route },
  ]);
  const chat = (): never => {
    throw error;
  };

  it("shows code, reason, fields, what to do, the attempts and the trace id", async () => {
    await using gateway = await startScriptedGateway({ gateway: { chat } });
    const { code, stdout, stderr } = await runCommand(["chat", "--address", gateway.address, "hi"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    for (const shown of [
      "UNAVAILABLE NO_DEPLOYMENT_AVAILABLE: nothing answered",
      "input.messages: too many",
      "did you mean: a/b",
      "again in: 8 s",
      "do: wait",
      "openai/gpt-4.1@legacy",
      "skipped: breaker open",
      `trace: ${traceId}`,
    ]) {
      expect(stderr).toContain(shown);
    }
  });

  it("is a google.rpc.Status with its details with --json", async () => {
    await using gateway = await startScriptedGateway({ gateway: { chat } });
    const { stderr } = await runCommand(["chat", "--json", "--address", gateway.address, "hi"]);
    const plain: unknown = JSON.parse(stderr);
    expect(plain).toMatchObject({ code: 14, message: "nothing answered" });
    expect(stderr).toContain("type.googleapis.com/switchyard.v1.RouteDecision");
    expect(StatusSchema.typeName).toBe("google.rpc.Status");
  });

  it("says how to start a gateway where none listens", async () => {
    await using gone = await startScriptedGateway({});
    const { address } = gone;
    await gone[Symbol.asyncDispose]();
    const refused = await runCommand(["chat", "--address", address, "hi"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`no gateway answers at http://${address}`);
    expect(refused.stderr).toContain("npm start");
  });

  for (const { name, reply } of [
    { name: "answers in HTTP/1.1", reply: "HTTP/1.1 400 Bad Request\r\n\r\n" },
    { name: "never says a word", reply: undefined },
  ]) {
    it(`says so where what listens ${name}`, async () => {
      const other = createServer((socket) => {
        socket.on("error", () => undefined);
        if (reply !== undefined) socket.end(reply);
      });
      other.listen(0, "127.0.0.1");
      await once(other, "listening");
      const bound = other.address();
      const port = bound !== null && typeof bound === "object" ? bound.port : 0;
      const { code, stderr } = await runCommand(["chat", "--address", `127.0.0.1:${port}`, "hi"]);
      other.close();
      expect(code).toBe(1);
      expect(stderr).toContain("no gateway answers");
    });
  }
});
