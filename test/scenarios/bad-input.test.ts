// A caller's mistakes: each a clear error that names what to change, the same on both listeners, and the process
// goes on.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BadRequestSchema, ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
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
  /** The field that is to change. */
  readonly field?: string;
  /** Words of the message. */
  readonly says?: RegExp;
}

const mistakes: readonly Mistake[] = [
  {
    mistake: "no messages",
    sent: { input: {} },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    field: "input.messages",
  },
  {
    mistake: "a message without parts",
    sent: { input: { messages: [{ role: Role.USER }] } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    field: "input.messages[0].parts",
  },
  {
    mistake: "a message without a role",
    sent: { input: { messages: [{ parts: [{ part: { case: "text", value: "x" } }] }] } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    field: "input.messages[0].role",
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
    says: /call_1|tool/,
  },
  {
    mistake: "a temperature of 3",
    sent: { input: { messages: user("x"), generationConfig: { temperature: 3 } } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    field: "input.generation_config.temperature",
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
    field: "input.response_format.json_schema.json_schema",
  },
  {
    mistake: "a capability that does not exist",
    sent: { routing: { requiredCapabilities: ["flying"] } },
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    field: "routing.required_capabilities[0]",
    says: /vision/,
  },
  {
    mistake: "an unknown model of a known provider",
    sent: { model: "openai/gpt-4.2" },
    code: "NOT_FOUND",
    reason: "MODEL_NOT_FOUND",
    says: /openai\/gpt-4\.1/,
  },
  {
    mistake: "an unknown provider",
    sent: { model: "nobody/gpt-4.1" },
    code: "NOT_FOUND",
    reason: "MODEL_NOT_FOUND",
    says: /deepseek|openai/,
  },
  {
    mistake: "an unknown model in a chain",
    sent: { model: "openai/gpt-4.1", routing: { fallback: { mode: 3, models: ["openai/gpt-0"] } } },
    code: "NOT_FOUND",
    reason: "MODEL_NOT_FOUND",
  },
  {
    mistake: "a model that cannot do it",
    sent: {
      model: "deepseek/deepseek-chat-v3-2",
      routing: { fallback: { mode: 1 }, requiredCapabilities: ["vision"] },
    },
    code: "FAILED_PRECONDITION",
    reason: "UNSUPPORTED_CAPABILITY",
    says: /vision/,
  },
  {
    mistake: "a canary where there is none",
    sent: { model: "openai/gpt-4.1", routing: { canary: 2 } },
    code: "FAILED_PRECONDITION",
    reason: "",
    says: /canary/,
  },
  {
    mistake: "a cost cap of a nano-dollar",
    sent: { model: "openai/gpt-4.1", routing: { fallback: { mode: 1 }, maxCostNanosUsd: 1n } },
    code: "FAILED_PRECONDITION|INVALID_ARGUMENT|RESOURCE_EXHAUSTED",
    reason: "",
    says: /cost/,
  },
  {
    mistake: "a body of 20 MB",
    sent: { input: { messages: user("x".repeat(20 * 1024 * 1024)) } },
    code: "RESOURCE_EXHAUSTED",
    reason: "REQUEST_TOO_LARGE",
    says: /16777216/,
  },
];

for (const listener of ["grpc", "connect"] as const) {
  describe(`on the ${listener} listener,`, () => {
    let world: ScenarioWorld;
    beforeAll(async () => {
      world = await startScenario({ config, listener });
    });
    afterAll(() => world.close());

    for (const { mistake, sent, code, reason, field, says } of mistakes) {
      for (const kind of ["chat", "chatStream"] as const) {
        it(`${mistake} is told apart and named (${kind})`, async () => {
          const seen: Seen = await world[kind]({ model: "openai/gpt-4.1", ...sent });
          expect(code.split("|")).toContain(seen.code);
          if (reason === "") expect(seen.reason).not.toBe("");
          else expect(seen.reason).toBe(reason);
          const fields = seen.error
            ?.findDetails(BadRequestSchema)
            .flatMap(({ fieldViolations }) => fieldViolations);
          if (field !== undefined) expect(fields?.map(({ field }) => field)).toContain(field);
          const resources = seen.error?.findDetails(ResourceInfoSchema).map(({ description }) => description);
          const told = [seen.message, ...Object.values(seen.metadata), ...(resources ?? [])].join(" ");
          expect(told).toMatch(says ?? /\S/);
          expect(seen.traceId).toMatch(/^[0-9a-f]{32}$/);
        });
      }
    }

    it("a deadline that is over is answered at once", async () => {
      const headers = listener === "grpc" ? { "grpc-timeout": "0m" } : { "connect-timeout-ms": "0" };
      expect(await world.chat({ model: "openai/gpt-4.1", headers })).toMatchObject({
        code: "DEADLINE_EXCEEDED",
      });
    });

    it("and after all of them it still answers", async () => {
      expect((await world.chat({ model: "openai/gpt-4.1" })).code).toBe("OK");
      expect(world.log.filter(({ level }) => level === "error")).toEqual([]);
    });
  });
}
