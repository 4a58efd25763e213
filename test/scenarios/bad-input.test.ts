// A caller's mistakes: each a clear error that names what to change, the same on both listeners, and the process
// goes on.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BadRequestSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { type ScenarioWorld, type Seen, type SendOptions, startScenario } from "../support/scenario-world.ts";

const config = `
simulator: { firstTokenMs: 1, tokensPerSecond: 0 }
drain: { delayMs: 0, graceMs: 1000 }
ledger: { off: true }
`;

const user = (text: string) => [
  { role: Role.USER, parts: [{ part: { case: "text" as const, value: text } }] },
];

interface Mistake {
  readonly mistake: string;
  readonly sent: SendOptions;
  readonly code: string;
  readonly reason: string;
  /** What the details name: the field that is to change, or the resource that there is not. */
  readonly names?: string;
  /** The message, from a mistake to what helps. */
  readonly says: RegExp;
}

/** What the details of an error name, in order. */
function namedBy({ error }: Seen): readonly string[] {
  const bad = error?.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations) ?? [];
  const missing = error?.findDetails(ResourceInfoSchema) ?? [];
  const spent = error?.findDetails(QuotaFailureSchema).flatMap(({ violations }) => violations) ?? [];
  return [
    ...bad.map(({ field }) => field),
    ...missing.map(({ resourceName }) => resourceName),
    ...spent.map(({ subject }) => subject),
  ];
}

const mistakes: readonly Mistake[] = [
  {
    mistake: "no messages",
    sent: { input: {} },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "input.messages",
    says: / input\.messages: must contain at least 1 item/,
  },
  {
    mistake: "a message without parts",
    sent: { input: { messages: [{ role: Role.USER }] } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "input.messages[0].parts",
    says: / input\.messages\[0\]\.parts: must contain at least 1 item/,
  },
  {
    mistake: "a message without a role",
    sent: { input: { messages: [{ parts: [{ part: { case: "text", value: "x" } }] }] } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "input.messages[0].role",
    says: / input\.messages\[0\]\.role: must /,
  },
  {
    mistake: "a tool result without a call",
    sent: {
      input: {
        messages: [
          ...user("x"),
          {
            role: Role.TOOL,
            parts: [
              {
                part: {
                  case: "toolResult",
                  value: { toolCallId: "call_1", parts: [{ part: { case: "text", value: "42" } }] },
                },
              },
            ],
          },
        ],
      },
    },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "input.messages[1].parts[0].tool_result.tool_call_id",
    says: /tool_call_id: is the id of no tool_call before it; send the ROLE_ASSISTANT message that made the call/,
  },
  {
    mistake: "a temperature of 3",
    sent: { input: { messages: user("x"), generationConfig: { temperature: 3 } } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "input.generation_config.temperature",
    says: /temperature: must be .* 0 and less than or equal to 2$/,
  },
  {
    mistake: "a JSON Schema that is no JSON",
    sent: {
      input: {
        messages: user("x"),
        responseFormat: { format: { case: "jsonSchema", value: { name: "n", jsonSchema: "{nope" } } },
      },
    },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "input.response_format.json_schema.json_schema",
    says: /json_schema: must be a JSON object; it is not valid JSON \(at character 1\)$/,
  },
  {
    mistake: "a capability that does not exist",
    sent: { routing: { requiredCapabilities: ["flying"] } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    names: "routing.required_capabilities[0]",
    says: /required_capabilities\[0\]: must be one of tools, vision, /,
  },
  {
    mistake: "an unknown model of a known provider",
    sent: { model: "openai/gpt-4.2" },
    code: "NOT_FOUND",
    reason: "MODEL_NOT_FOUND",
    names: "openai/gpt-4.2",
    says: /^no model named "openai\/gpt-4\.2" is configured; did you mean openai\/gpt-4\.1 or /,
  },
  {
    mistake: "an unknown provider",
    sent: { model: "nobody/gpt-4.1" },
    code: "NOT_FOUND",
    reason: "MODEL_NOT_FOUND",
    names: "nobody/gpt-4.1",
    says: /; there is no provider "nobody"; there are deepseek, google, openai, anthropic$/,
  },
  {
    mistake: "an unknown model in a chain",
    sent: { model: "openai/gpt-4.1", routing: { fallback: { mode: 3, models: ["openai/gpt-0"] } } },
    code: "NOT_FOUND",
    reason: "MODEL_NOT_FOUND",
    names: "openai/gpt-0",
    says: /^no model named "openai\/gpt-0" is configured; did you mean openai\/gpt-4o or /,
  },
  {
    mistake: "a model that cannot do it",
    sent: {
      model: "deepseek/deepseek-chat-v3-2",
      routing: { fallback: { mode: 1 }, requiredCapabilities: ["vision"] },
    },
    code: "FAILED_PRECONDITION",
    reason: "UNSUPPORTED_CAPABILITY",
    says: /^deepseek\/deepseek-chat-v3-2 cannot do vision: name a model that can$/,
  },
  {
    mistake: "a canary where there is none",
    sent: { model: "openai/gpt-4.1", routing: { canary: 2 } },
    code: "FAILED_PRECONDITION",
    reason: "NO_DEPLOYMENT_AVAILABLE",
    says: /^routing\.canary requires the canary, but this target has none: leave it out$/,
  },
  {
    mistake: "a cost cap of a nano-dollar",
    sent: { model: "openai/gpt-4.1", routing: { fallback: { mode: 1 }, maxCostNanosUsd: 1n } },
    code: "RESOURCE_EXHAUSTED",
    reason: "CALLER_QUOTA_EXHAUSTED",
    names: "routing.max_cost_nanos_usd",
    says: /^routing\.max_cost_nanos_usd is 1 nano-USD, the cheapest candidate is estimated at \d+: raise it, or /,
  },
  {
    mistake: "a body of 20 MB",
    sent: { input: { messages: user("x".repeat(20 * 1024 * 1024)) } },
    code: "RESOURCE_EXHAUSTED",
    reason: "REQUEST_TOO_LARGE",
    says: /^the request is larger than 16777216 bytes: send less$/,
  },
];

for (const listener of ["grpc", "connect"] as const) {
  describe(`on the ${listener} listener,`, () => {
    let world: ScenarioWorld;
    beforeAll(async () => {
      world = await startScenario({ config, listener });
    });
    afterAll(() => world.close());

    for (const { mistake, sent, code, reason, names, says } of mistakes) {
      for (const kind of ["chat", "chatStream"] as const) {
        it(`${mistake} is told apart and named (${kind})`, async () => {
          const seen = await world[kind]({ model: "openai/gpt-4.1", ...sent });
          expect(seen).toMatchObject({ code, reason, message: expect.stringMatching(says), events: [] });
          expect(namedBy(seen)).toEqual(names === undefined ? [] : [names]);
          expect(seen.traceId).toMatch(/^[0-9a-f]{32}$/);
        });
      }
    }

    for (const kind of ["chat", "chatStream"] as const) {
      it(`a deadline that is over is answered as one, and nothing is decided (${kind})`, async () => {
        const headers = listener === "grpc" ? { "grpc-timeout": "0m" } : { "connect-timeout-ms": "0" };
        expect(await world[kind]({ model: "openai/gpt-4.1", headers })).toMatchObject({
          code: "DEADLINE_EXCEEDED",
          reason: "DEADLINE_EXCEEDED",
          message: "no answer within the deadline of 0 ms: allow more time or ask for less",
          metadata: { deadline_ms: "0" },
          events: [],
          route: undefined,
        });
      });
    }

    it("and after all of them it still answers", async () => {
      expect((await world.chat({ model: "openai/gpt-4.1" })).code).toBe("OK");
      expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
    });
  });
}
