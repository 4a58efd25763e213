import { describe, expect, it } from "vitest";
import { FinishReason } from "../../gen/switchyard/v1/content_pb.ts";
import { toFinishReason } from "../../src/upstream/finish-reason.ts";

describe("toFinishReason()", () => {
  const cases: readonly (readonly [string, FinishReason])[] = [
    ["stop", FinishReason.STOP],
    ["end_turn", FinishReason.STOP],
    ["STOP", FinishReason.STOP],
    ["stop_sequence", FinishReason.STOP_SEQUENCE],
    ["length", FinishReason.MAX_OUTPUT_TOKENS],
    ["MAX_TOKENS", FinishReason.MAX_OUTPUT_TOKENS],
    ["model_length", FinishReason.CONTEXT_LENGTH],
    ["model_context_window_exceeded", FinishReason.CONTEXT_LENGTH],
    ["tool_calls", FinishReason.TOOL_CALLS],
    ["tool-calls", FinishReason.TOOL_CALLS],
    ["tool_use", FinishReason.TOOL_CALLS],
    ["function_call", FinishReason.TOOL_CALLS],
    ["content_filter", FinishReason.CONTENT_FILTER],
    ["SAFETY", FinishReason.CONTENT_FILTER],
    ["refusal", FinishReason.REFUSAL],
    ["pause_turn", FinishReason.OTHER],
    ["insufficient_system_resource", FinishReason.OTHER],
    ["constructor", FinishReason.OTHER],
    ["", FinishReason.OTHER],
  ];
  for (const [native, expected] of cases) {
    it(`translates ${JSON.stringify(native)}`, () => {
      expect(toFinishReason(native)).toBe(expected);
    });
  }
});
