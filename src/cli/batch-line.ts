import { createHash } from "node:crypto";
import { fromJson, type JsonValue, type MessageInitShape } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { tierNames } from "../routing/catalog.ts";
import { userText } from "./prompt.ts";
import { type TargetOptions, toTarget } from "./target.ts";

/** One line of a batch's input. */
export type BatchLine =
  | {
      readonly kind: "request";
      /** The caller's own name of it, passed through; undefined where it has none. */
      readonly id: JsonValue | undefined;
      readonly request: MessageInitShape<typeof ChatRequestSchema>;
    }
  /** Why it cannot be sent. */
  | { readonly kind: "invalid"; readonly why: string };

/**
 * Reads one line: `{"prompt": "…"}` or `{"text": "…"}`, or the contract's ChatRequest as JSON (`{"input": …}`). Each may have an
 * `id`, and the short form `model` or `tier`. A line that names no target has that of the command.
 */
export function readBatchLine(text: string, target: TargetOptions): BatchLine {
  let value: JsonValue;
  try {
    // JSON.parse gives nothing else.
    value = JSON.parse(text) as JsonValue;
  } catch {
    return { kind: "invalid", why: "is not JSON" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { kind: "invalid", why: "is not a JSON object" };
  }
  const { id, ...rest } = value;
  const read = "input" in rest ? readRequest(rest, target) : readPrompt(rest, target);
  return read.kind === "invalid" ? read : { ...read, id };
}

type ReadRequest =
  | { readonly kind: "request"; readonly request: MessageInitShape<typeof ChatRequestSchema> }
  | Extract<BatchLine, { kind: "invalid" }>;

function readRequest(value: { readonly [name: string]: JsonValue }, target: TargetOptions): ReadRequest {
  try {
    const { target: own, input, routing, labels } = fromJson(ChatRequestSchema, value);
    const named = own === undefined ? toTarget(target) : { target: own };
    return {
      kind: "request",
      request: {
        ...named,
        ...(input === undefined ? {} : { input }),
        ...(routing === undefined ? {} : { routing }),
        labels,
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : "it cannot be read";
    return { kind: "invalid", why: `is no ChatRequest: ${why.slice(0, 200)}` };
  }
}

function readPrompt(value: { readonly [name: string]: JsonValue }, target: TargetOptions): ReadRequest {
  const { prompt, text = prompt, model, tier, ...unknown } = value;
  const [name] = Object.keys(unknown).filter((key) => key !== "prompt");
  if (name !== undefined)
    return { kind: "invalid", why: `has an unknown member ${JSON.stringify(name.slice(0, 64))}` };
  if (typeof text !== "string" || text === "")
    return { kind: "invalid", why: 'has neither "prompt" nor "input"' };
  const named = tierNames.find((one) => one === tier);
  if (model !== undefined && typeof model !== "string") return { kind: "invalid", why: '"model" is no text' };
  if (tier !== undefined && named === undefined) {
    return { kind: "invalid", why: `"tier" is none of ${tierNames.join(", ")}` };
  }
  if (model !== undefined && named !== undefined)
    return { kind: "invalid", why: 'has both "model" and "tier"' };
  const own = model !== undefined || named !== undefined ? { model, tier: named } : target;
  return {
    kind: "request",
    request: {
      ...toTarget(own),
      input: userText(text),
    },
  };
}

/** What a line is known by in a result: a result belongs to this text and no other. */
export function lineDigest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
