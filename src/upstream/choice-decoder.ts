import { create } from "@bufbuild/protobuf";
import type { TokenLogprob } from "../../gen/switchyard/v1/content_pb.ts";
import {
  type ChoiceDelta,
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
  | { readonly kind: "piece"; readonly deltas: ChoiceDelta[]; readonly end: ChoiceEnd | undefined }
  | { readonly kind: "malformed" };

/** What one choice of a stream has said so far. */
export interface ChoiceDecoder {
  /** Reads one element of a chunk's `choices`. The deltas are the reader's to keep and add to. */
  readonly decode: (choice: JsonRecord) => ChoicePiece;
  /** Tool calls held back for want of an id, where the stream ends without a finish reason. */
  readonly flush: () => readonly ChoiceDelta[];
}

const malformed: ChoicePiece = { kind: "malformed" };

/** Written out: `create` makes the same of it and takes several times as long, for each token of a stream. */
function toDelta(index: number, delta: Delta): ChoiceDelta {
  return { $typeName: "switchyard.v1.ChoiceDelta", index, delta, logprobs: [] };
}

/** The text kinds of a delta, each only where there is some: an empty string commits nothing. */
function readTexts(delta: JsonRecord, index: number): ChoiceDelta[] | undefined {
  const content = readContentText(delta);
  if (content === undefined) {
    return undefined;
  }
  const { text, signature } = readReasoningDelta(delta);
  const reasoning = text === "" ? content.reasoning : text;
  const deltas: ChoiceDelta[] = [];
  if (reasoning !== "") {
    deltas.push(toDelta(index, { case: "reasoning", value: reasoning }));
  }
  if (signature.length > 0) {
    deltas.push(toDelta(index, { case: "reasoningSignature", value: signature }));
  }
  if (content.text !== "") {
    deltas.push(toDelta(index, { case: "text", value: content.text }));
  }
  if (content.refusal !== "") {
    deltas.push(toDelta(index, { case: "refusal", value: content.refusal }));
  }
  return deltas;
}

const noFragments: readonly unknown[] = [];

function readToolFragments(delta: JsonRecord, legacyId: string): readonly unknown[] | undefined {
  const { tool_calls: calls, function_call: legacy } = delta;
  if (!isAbsent(calls)) {
    return Array.isArray(calls) ? calls : undefined;
  }
  return isAbsent(legacy) ? noFragments : [{ index: 0, id: legacyId, function: legacy }];
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

  const toToolDelta = ({ toolIndex, id, name, argumentsFragment }: ToolCallFragment): ChoiceDelta =>
    toDelta(index, {
      case: "toolCall",
      value: { $typeName: "switchyard.v1.ToolCallDelta", toolIndex, id, name, argumentsFragment },
    });

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
    const deltas = readTexts(delta, index);
    legacyId ??= isAbsent(delta["function_call"]) ? undefined : inventToolCallId(completionId(), index, 0);
    const pieces = readToolFragments(delta, legacyId ?? "");
    if (deltas === undefined || pieces === undefined) {
      return undefined;
    }
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
        return { kind: "piece", deltas: [], end: undefined };
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
