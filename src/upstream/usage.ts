import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { isAbsent, isCount, isRecord, type JsonRecord } from "./untrusted-json.ts";

/** The first member that is a count: the same figure has another name at other upstreams. */
function firstCount(...values: readonly unknown[]): number {
  return values.find(isCount) ?? 0;
}

function details(usage: JsonRecord, ...names: readonly string[]): JsonRecord {
  for (const name of names) {
    const value = usage[name];
    if (isRecord(value)) {
      return value;
    }
  }
  return {};
}

/**
 * Output tokens where the upstream leaves them out: Gemini's compatible API omits a count of 0 but sends
 * the total. A count that is there and is nonsense is never repaired.
 */
function outputTotal(usage: JsonRecord, input: number): unknown {
  const sent = usage["completion_tokens"] ?? usage["output_tokens"];
  const total = usage["total_tokens"];
  return isAbsent(sent) && isCount(total) ? total - input : sent;
}

/**
 * Input tokens with every part in them. Anthropic's own shape (`input_tokens` beside `cache_*` counts, no
 * `prompt_tokens`) keeps the cached ones outside; every OpenAI shape has them inside.
 */
function inputTotal(usage: JsonRecord, cacheRead: number, cacheWrite: number): unknown {
  if (!isAbsent(usage["prompt_tokens"])) {
    return usage["prompt_tokens"];
  }
  const sent = usage["input_tokens"];
  return isCount(sent) && !isRecord(usage["input_tokens_details"]) ? sent + cacheRead + cacheWrite : sent;
}

/**
 * Reads the `usage` object of a completion or chunk. Undefined where a total is missing, negative, not a
 * whole number or beyond int32: nonsense is not billed but estimated. A part that is nonsense counts 0;
 * a part larger than its total is cut to it.
 */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) {
    return undefined;
  }
  const inputDetails = details(value, "prompt_tokens_details", "input_tokens_details");
  const outputDetails = details(value, "completion_tokens_details", "output_tokens_details");
  const cached = firstCount(
    inputDetails["cached_tokens"],
    value["prompt_cache_hit_tokens"],
    value["cache_read_input_tokens"],
    value["cached_tokens"],
  );
  const written = firstCount(
    inputDetails["cache_write_tokens"],
    inputDetails["cache_creation_tokens"],
    value["cache_creation_input_tokens"],
  );
  const input = inputTotal(value, cached, written);
  if (!isCount(input)) {
    return undefined;
  }
  const counted = outputTotal(value, input);
  if (!isCount(counted)) {
    return undefined;
  }
  const reasoning = firstCount(outputDetails["reasoning_tokens"], value["reasoning_tokens"]);
  // xAI counts reasoning beside the completion and shows it in the total alone; it is billed all the same.
  const besides = reasoning > 0 && value["total_tokens"] === input + counted + reasoning;
  const output = besides ? counted + reasoning : counted;
  if (!isCount(output)) {
    return undefined;
  }
  return create(UsageSchema, {
    inputTokens: input,
    cachedInputTokens: Math.min(cached, input),
    cacheWriteInputTokens: Math.min(written, input),
    audioInputTokens: Math.min(firstCount(inputDetails["audio_tokens"]), input),
    outputTokens: output,
    reasoningOutputTokens: Math.min(reasoning, output),
    audioOutputTokens: Math.min(firstCount(outputDetails["audio_tokens"]), output),
    source: UsageSource.UPSTREAM,
  });
}
