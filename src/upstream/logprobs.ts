import type { TokenLogprob, TopLogprob } from "../../gen/switchyard/v1/content_pb.ts";
import { isRecord } from "./untrusted-json.ts";

function readBytes(value: unknown): Uint8Array<ArrayBuffer> {
  const isBytes =
    Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  return isBytes ? Uint8Array.from(value) : new Uint8Array();
}

/** Messages are written out here: `create` makes the same of them and takes several times as long, for each token. */
function readTop(value: unknown): TopLogprob | undefined {
  if (!isRecord(value)) {
    return undefined;
  }
  const { token, logprob, bytes } = value;
  return typeof token === "string" && typeof logprob === "number"
    ? { $typeName: "switchyard.v1.TopLogprob", token, logprob, tokenBytes: readBytes(bytes) }
    : undefined;
}

function readToken(value: unknown): TokenLogprob | undefined {
  const top = readTop(value);
  if (top === undefined || !isRecord(value)) {
    return undefined;
  }
  const alternatives = Array.isArray(value["top_logprobs"]) ? value["top_logprobs"] : [];
  return {
    $typeName: "switchyard.v1.TokenLogprob",
    token: top.token,
    logprob: top.logprob,
    tokenBytes: top.tokenBytes,
    topLogprobs: alternatives.map(readTop).filter((entry) => entry !== undefined),
  };
}

/**
 * Reads one list of a choice's `logprobs`, by what it describes. They annotate the answer and are not part
 * of it, so an entry of the wrong shape is left out and fails nothing.
 */
export function readLogprobs(logprobs: unknown, of: "content" | "refusal"): TokenLogprob[] {
  const list = isRecord(logprobs) ? logprobs[of] : undefined;
  return Array.isArray(list) ? list.map(readToken).filter((entry) => entry !== undefined) : [];
}
