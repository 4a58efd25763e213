import { type Usage, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { isAbsent, isCount, isRecord, type JsonRecord } from "./untrusted-json.ts";

const noDetails: JsonRecord = {};

/** The same figure has another name at other upstreams, so the first member that is a count holds. */
function countOf(value: unknown): number | undefined {
  return isCount(value) ? value : undefined;
}

function recordOf(value: unknown): JsonRecord | undefined {
  return isRecord(value) ? value : undefined;
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
  const inputDetails =
    recordOf(value["prompt_tokens_details"]) ?? recordOf(value["input_tokens_details"]) ?? noDetails;
  const outputDetails =
    recordOf(value["completion_tokens_details"]) ?? recordOf(value["output_tokens_details"]) ?? noDetails;
  const cached =
    countOf(inputDetails["cached_tokens"]) ??
    countOf(value["prompt_cache_hit_tokens"]) ??
    countOf(value["cache_read_input_tokens"]) ??
    countOf(value["cached_tokens"]) ??
    0;
  const written =
    countOf(inputDetails["cache_write_tokens"]) ??
    countOf(inputDetails["cache_creation_tokens"]) ??
    countOf(value["cache_creation_input_tokens"]) ??
    0;
  const input = inputTotal(value, cached, written);
  if (!isCount(input)) {
    return undefined;
  }
  const counted = outputTotal(value, input);
  if (!isCount(counted)) {
    return undefined;
  }
  const reasoning = countOf(outputDetails["reasoning_tokens"]) ?? countOf(value["reasoning_tokens"]) ?? 0;
  // xAI counts reasoning beside the completion and shows it in the total alone; it is billed all the same.
  const besides = reasoning > 0 && value["total_tokens"] === input + counted + reasoning;
  const output = besides ? counted + reasoning : counted;
  if (!isCount(output)) {
    return undefined;
  }
  // What `create` makes of these members, which it takes several times as long to copy.
  return {
    $typeName: "switchyard.v1.Usage",
    inputTokens: input,
    cachedInputTokens: Math.min(cached, input),
    cacheWriteInputTokens: Math.min(written, input),
    audioInputTokens: Math.min(countOf(inputDetails["audio_tokens"]) ?? 0, input),
    outputTokens: output,
    reasoningOutputTokens: Math.min(reasoning, output),
    audioOutputTokens: Math.min(countOf(outputDetails["audio_tokens"]) ?? 0, output),
    source: UsageSource.UPSTREAM,
  };
}
