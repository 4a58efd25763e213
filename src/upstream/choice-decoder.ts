import { create } from "@bufbuild/protobuf";
import type { TokenLogprob } from "../../gen/switchyard/v1/content_pb.ts";
import {
  type ChoiceDelta,
  ChoiceDeltaSchema,
  type ChoiceEnd,
  ChoiceEndSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { readContentText } from "./content-text.ts";
import { toFinishReason } from "./finish-reason.ts";
import { readLogprobs } from "./logprobs.ts";
import { readReasoningDelta } from "./reasoning-fields.ts";
import { createToolCallFragments, type ToolCallFragment } from "./tool-call-fragments.ts";
import { inventToolCallId } from "./tool-call-fields.ts";
import { isAbsent, isRecord, type JsonRecord } from "./untrusted-json.ts";

type Delta = Exclude<ChoiceDelta["delta"], { readonly case: undefined }>;

type ChoicePiece =
  | { readonly kind: "piece"; readonly deltas: readonly ChoiceDelta[]; readonly end: ChoiceEnd | undefined }
  | { readonly kind: "malformed" };

/** What one choice of a stream has said so far. */
export interface ChoiceDecoder {
  /** Reads one element of a chunk's `choices`. */
  readonly decode: (choice: JsonRecord) => ChoicePiece;
  /** Tool calls held back for want of an id, where the stream ends without a finish reason. */
  readonly flush: () => readonly ChoiceDelta[];
}

const malformed: ChoicePiece = { kind: "malformed" };
const nothing: ChoicePiece = { kind: "piece", deltas: [], end: undefined };

/** The text kinds of a delta, each only where there is some: an empty string commits nothing. */
function readTexts(delta: JsonRecord): Delta[] | undefined {
  const content = readContentText(delta);
  if (content === undefined) {
    return undefined;
  }
  const { text, signature } = readReasoningDelta(delta);
  const reasoning = text === "" ? content.reasoning : text;
  const deltas: Delta[] = [];
  if (reasoning !== "") {
    deltas.push({ case: "reasoning", value: reasoning });
  }
  if (signature.length > 0) {
    deltas.push({ case: "reasoningSignature", value: signature });
  }
  if (content.text !== "") {
    deltas.push({ case: "text", value: content.text });
  }
  if (content.refusal !== "") {
    deltas.push({ case: "refusal", value: content.refusal });
  }
  return deltas;
}

function readToolFragments(delta: JsonRecord, legacyId: string): readonly unknown[] | undefined {
  const { tool_calls: calls, function_call: legacy } = delta;
  if (!isAbsent(calls)) {
    return Array.isArray(calls) ? calls : undefined;
  }
  return isAbsent(legacy) ? [] : [{ index: 0, id: legacyId, function: legacy }];
}

/**
 * Decodes the chunks of one choice. After its finish reason nothing more comes from it, whatever the
 * upstream sends: the first finish wins.
 * @param completionId asked when an id must be invented
 */
export function createChoiceDecoder(index: number, completionId: () => string): ChoiceDecoder {
  const fragments = createToolCallFragments((toolIndex) =>
    inventToolCallId(completionId(), index, toolIndex),
  );
  let legacyId: string | undefined;
  let ended = false;
  /** Of tokens that brought no content yet: half a code point is a token with an empty text. */
  let waiting: readonly TokenLogprob[] = [];

  const toDelta = (delta: Delta): ChoiceDelta => create(ChoiceDeltaSchema, { index, delta });
  const toToolDelta = (fragment: ToolCallFragment): ChoiceDelta =>
    create(ChoiceDeltaSchema, { index, delta: { case: "toolCall", value: fragment } });

  const annotate = (deltas: readonly ChoiceDelta[], logprobs: unknown): void => {
    if (isAbsent(logprobs) && waiting.length === 0) {
      return;
    }
    const all = [...waiting, ...readLogprobs(logprobs, "content"), ...readLogprobs(logprobs, "refusal")];
    const told = deltas.find(({ delta }) => delta.case === "text" || delta.case === "refusal") ?? deltas[0];
    waiting = told === undefined ? all : [];
    if (told !== undefined) {
      told.logprobs = all;
    }
  };

  const readDelta = (delta: JsonRecord): ChoiceDelta[] | undefined => {
    const texts = readTexts(delta);
    legacyId ??= isAbsent(delta["function_call"]) ? undefined : inventToolCallId(completionId(), index, 0);
    const pieces = readToolFragments(delta, legacyId ?? "");
    if (texts === undefined || pieces === undefined) {
      return undefined;
    }
    const deltas = texts.map(toDelta);
    for (const piece of pieces) {
      const added = fragments.add(piece);
      if (added.kind === "malformed") {
        return undefined;
      }
      deltas.push(...added.fragments.map(toToolDelta));
    }
    return deltas;
  };

  return {
    decode: (choice) => {
      const delta = choice["delta"] ?? {};
      const native = choice["finish_reason"] ?? "";
      if (!isRecord(delta) || typeof native !== "string") {
        return malformed;
      }
      if (ended) {
        return nothing;
      }
      const deltas = readDelta(delta);
      if (deltas === undefined) {
        return malformed;
      }
      if (native === "") {
        annotate(deltas, choice["logprobs"]);
        return { kind: "piece", deltas, end: undefined };
      }
      const rest = fragments.end();
      if (rest.kind === "malformed") {
        return malformed;
      }
      ended = true;
      deltas.push(...rest.fragments.map(toToolDelta));
      annotate(deltas, choice["logprobs"]);
      const end = create(ChoiceEndSchema, {
        index,
        finishReason: toFinishReason(native),
        nativeFinishReason: native,
      });
      return { kind: "piece", deltas, end };
    },
    flush: () => {
      const rest = fragments.end();
      return rest.kind === "fragments" ? rest.fragments.map(toToolDelta) : [];
    },
  };
}
