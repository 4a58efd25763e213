import type { TokenLogprob } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChoiceDelta, ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { readContentText } from "./content-text.ts";
import { toFinishReason } from "./finish-reason.ts";
import { readLogprobs } from "./logprobs.ts";
import { readReasoningDelta } from "./reasoning-fields.ts";
import {
  createToolCallFragments,
  type ToolCallFragment,
  type ToolCallFragments,
} from "./tool-call-fragments.ts";
import { inventToolCallId } from "./tool-call-fields.ts";
import { isAbsent, isRecord, type JsonRecord } from "./untrusted-json.ts";

type Delta = Exclude<ChoiceDelta["delta"], { readonly case: undefined }>;

type ChoicePiece =
  | { readonly kind: "piece"; readonly deltas: ChoiceDelta[]; readonly end: ChoiceEnd | undefined }
  | { readonly kind: "malformed" };

/** What one choice of a stream has said so far. */
export interface ChoiceDecoder {
  /** Reads one element of a chunk's `choices`. The deltas are the reader's to keep and add to. */
  decode(choice: JsonRecord): ChoicePiece;
  /** Tool calls held back for want of an id, where the stream ends without a finish reason. */
  flush(): readonly ChoiceDelta[];
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
  let deltas: ChoiceDelta[] = [];
  if (reasoning !== "") {
    deltas = [toDelta(index, { case: "reasoning", value: reasoning })];
  }
  if (signature.length > 0) {
    deltas.push(toDelta(index, { case: "reasoningSignature", value: signature }));
  }
  if (content.text !== "") {
    const text = toDelta(index, { case: "text", value: content.text });
    // Nearly every delta is one text: an array that grows begins with room for sixteen.
    deltas = deltas.length === 0 ? [text] : [...deltas, text];
  }
  if (content.refusal !== "") {
    deltas.push(toDelta(index, { case: "refusal", value: content.refusal }));
  }
  return deltas;
}

const noFragments: readonly unknown[] = [];
const noLogprobs: readonly TokenLogprob[] = [];
const noMembers: JsonRecord = {};

function readToolFragments(delta: JsonRecord, legacyId: string): readonly unknown[] | undefined {
  const { tool_calls: calls, function_call: legacy } = delta;
  if (!isAbsent(calls)) {
    return Array.isArray(calls) ? calls : undefined;
  }
  return isAbsent(legacy) ? noFragments : [{ index: 0, id: legacyId, function: legacy }];
}

/** Decodes the chunks of one choice. After its finish reason nothing more comes from it: the first finish wins. */
class OneChoiceDecoder implements ChoiceDecoder {
  readonly #index: number;
  readonly #completionId: () => string;
  /** Made with the first of them: most streams have none. */
  #fragments: ToolCallFragments | undefined;
  #legacyId: string | undefined;
  #ended = false;
  /** Of tokens that brought no content yet: half a code point is a token with an empty text. */
  #waiting: readonly TokenLogprob[] = noLogprobs;

  constructor(index: number, completionId: () => string) {
    this.#index = index;
    this.#completionId = completionId;
  }

  decode(choice: JsonRecord): ChoicePiece {
    const delta = choice["delta"] ?? noMembers;
    const native = choice["finish_reason"] ?? "";
    if (!isRecord(delta) || typeof native !== "string") {
      return malformed;
    }
    if (this.#ended) {
      return { kind: "piece", deltas: [], end: undefined };
    }
    const deltas = this.#readDelta(delta);
    if (deltas === undefined) {
      return malformed;
    }
    if (native === "") {
      this.#annotate(deltas, choice["logprobs"]);
      return { kind: "piece", deltas, end: undefined };
    }
    const rest = this.#fragments?.end();
    if (rest?.kind === "malformed") {
      return malformed;
    }
    this.#ended = true;
    if (rest !== undefined) this.#addToolDeltas(deltas, rest.fragments);
    this.#annotate(deltas, choice["logprobs"]);
    const end: ChoiceEnd = {
      $typeName: "switchyard.v1.ChoiceEnd",
      index: this.#index,
      finishReason: toFinishReason(native),
      nativeFinishReason: native,
    };
    return { kind: "piece", deltas, end };
  }

  flush(): readonly ChoiceDelta[] {
    const deltas: ChoiceDelta[] = [];
    const rest = this.#fragments?.end();
    if (rest?.kind === "fragments") this.#addToolDeltas(deltas, rest.fragments);
    return deltas;
  }

  #readDelta(delta: JsonRecord): ChoiceDelta[] | undefined {
    const deltas = readTexts(delta, this.#index);
    this.#legacyId ??= isAbsent(delta["function_call"]) ? undefined : this.#inventId(0);
    const pieces = readToolFragments(delta, this.#legacyId ?? "");
    if (deltas === undefined || pieces === undefined) {
      return undefined;
    }
    for (const piece of pieces) {
      this.#fragments ??= createToolCallFragments((toolIndex) => this.#inventId(toolIndex));
      const added = this.#fragments.add(piece);
      if (added.kind === "malformed") {
        return undefined;
      }
      this.#addToolDeltas(deltas, added.fragments);
    }
    return deltas;
  }

  #inventId(toolIndex: number): string {
    return inventToolCallId(this.#completionId(), this.#index, toolIndex);
  }

  #addToolDeltas(deltas: ChoiceDelta[], fragments: readonly ToolCallFragment[]): void {
    for (const { toolIndex, id, name, argumentsFragment } of fragments) {
      const value = {
        $typeName: "switchyard.v1.ToolCallDelta",
        toolIndex,
        id,
        name,
        argumentsFragment,
      } as const;
      deltas.push(toDelta(this.#index, { case: "toolCall", value }));
    }
  }

  #annotate(deltas: readonly ChoiceDelta[], logprobs: unknown): void {
    if (isAbsent(logprobs) && this.#waiting.length === 0) {
      return;
    }
    const all = [
      ...this.#waiting,
      ...readLogprobs(logprobs, "content"),
      ...readLogprobs(logprobs, "refusal"),
    ];
    const told = deltas.find(({ delta }) => delta.case === "text" || delta.case === "refusal") ?? deltas[0];
    this.#waiting = told === undefined ? all : noLogprobs;
    if (told !== undefined) {
      told.logprobs = all;
    }
  }
}

/**
 * A decoder of one choice that has said nothing yet.
 * @param completionId asked when an id must be invented
 */
export function createChoiceDecoder(index: number, completionId: () => string): ChoiceDecoder {
  return new OneChoiceDecoder(index, completionId);
}
