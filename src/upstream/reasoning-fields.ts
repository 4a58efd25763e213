import type { Reasoning } from "../../gen/switchyard/v1/content_pb.ts";
import { isRecord, type JsonRecord, nonEmptyString } from "./untrusted-json.ts";

/**
 * Reasoning is no part of the OpenAI API; upstreams carry it in extension fields of the assistant message.
 * Read: `reasoning_content` (DeepSeek, Qwen, Kimi, LiteLLM), `reasoning` (OpenRouter, Groq, vLLM), and with a
 * provider's signature `thinking_blocks` (LiteLLM) or `reasoning_details` (OpenRouter). Written:
 * `reasoning_content` for the text, and `thinking_blocks` only where a part has a signature to return.
 */
export interface ReasoningPiece {
  readonly text: string;
  /** UTF-8 of the upstream's opaque text; empty where it sent none. */
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly redacted: boolean;
}

interface ReasoningFields {
  reasoning_content?: string;
  thinking_blocks?: (
    | { type: "thinking"; thinking: string; signature: string }
    | { type: "redacted_thinking"; data: string }
  )[];
}

const noBytes = new Uint8Array();

function toBytes(text: string | undefined): Uint8Array<ArrayBuffer> {
  return text === undefined ? noBytes : new TextEncoder().encode(text);
}

function toText(signature: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(signature);
  } catch {
    // No signature that we handed out: upstreams send text. Base64 is what their own APIs use.
    return Buffer.from(signature).toString("base64");
  }
}

function readBlock(block: unknown): ReasoningPiece | undefined {
  if (!isRecord(block)) {
    return undefined;
  }
  const text = [block["thinking"], block["text"], block["summary"]].map(nonEmptyString).find(Boolean);
  const data = nonEmptyString(block["data"]);
  const signature = toBytes(data ?? nonEmptyString(block["signature"]));
  return text === undefined && signature.length === 0
    ? undefined
    : { text: text ?? "", signature, redacted: data !== undefined };
}

const noPieces: readonly ReasoningPiece[] = [];

const blockNames = ["thinking_blocks", "reasoning_details"] as const;

function readBlocks(message: JsonRecord): readonly ReasoningPiece[] {
  for (const name of blockNames) {
    const blocks = message[name];
    if (Array.isArray(blocks)) {
      return blocks.map(readBlock).filter((piece) => piece !== undefined);
    }
  }
  return noPieces;
}

/** Gateways that send the text under both names send the same text. */
function plainReasoning(message: JsonRecord): string | undefined {
  return nonEmptyString(message["reasoning_content"]) ?? nonEmptyString(message["reasoning"]);
}

/** The reasoning of a whole message, in order; a block keeps its own signature. */
export function readReasoning(message: JsonRecord): readonly ReasoningPiece[] {
  const plain = plainReasoning(message);
  const blocks = readBlocks(message);
  if (plain === undefined) {
    return blocks;
  }
  const whole = { text: plain, signature: noBytes, redacted: false };
  if (blocks.every((block) => block.signature.length === 0)) {
    return [whole];
  }
  return blocks.some((block) => block.text !== "") ? blocks : [whole, ...blocks];
}

/** The reasoning of one streamed delta: its text, sent once even if under two names, and any signature. */
export function readReasoningDelta(delta: JsonRecord): Pick<ReasoningPiece, "text" | "signature"> {
  const blocks = readBlocks(delta);
  // Nearly every delta: an array of no bytes for each would cost more than all the rest of its reading.
  if (blocks.length === 0) return { text: plainReasoning(delta) ?? "", signature: noBytes };
  return {
    text: plainReasoning(delta) ?? blocks.map((block) => block.text).join(""),
    signature: Uint8Array.from(blocks.flatMap((block) => [...block.signature])),
  };
}

/** The fields of an assistant message that return its reasoning to the upstream; none without reasoning. */
export function toReasoningFields(parts: readonly Reasoning[]): ReasoningFields {
  const fields: ReasoningFields = {};
  const text = parts.map((part) => part.text).join("");
  if (text !== "") {
    fields.reasoning_content = text;
  }
  const signed = parts.filter((part) => part.signature.length > 0);
  if (signed.length > 0) {
    fields.thinking_blocks = signed.map((part) => {
      const signature = toText(part.signature);
      return part.redacted
        ? { type: "redacted_thinking", data: signature }
        : { type: "thinking", thinking: part.text, signature };
    });
  }
  return fields;
}
