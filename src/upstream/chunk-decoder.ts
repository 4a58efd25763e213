import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChoiceDelta, ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { readChoiceIndex, readHead } from "./answer-head.ts";
import { type ChoiceDecoder, createChoiceDecoder } from "./choice-decoder.ts";
import { errorMember, isAbsent, isRecord, type JsonRecord, parseJson } from "./untrusted-json.ts";
import type { StreamStart } from "./upstream.ts";
import { readUsage } from "./usage.ts";

export type ChunkResult =
  /** The deltas are the reader's to keep and add to. */
  | { readonly kind: "chunk"; readonly deltas: ChoiceDelta[]; readonly ends: readonly ChoiceEnd[] }
  /** The upstream's own error in the middle of its stream: the parsed `error` member. */
  | { readonly kind: "error"; readonly error: unknown }
  /** No JSON, or no chunk. Skipping one would be a hole in the answer. */
  | { readonly kind: "malformed" };

/** Reads the events of one stream in order. */
export interface ChunkDecoder {
  /** @param data one event's data, `[DONE]` excepted */
  decode(data: string): ChunkResult;
  /** Undefined before the first chunk. A chunk that knows more fills in what earlier ones left empty. */
  start(): StreamStart | undefined;
  /** The last usage that made sense: some upstreams send it with every chunk. */
  usage(): Usage | undefined;
  /**
   * Tool calls held back because no id came for them, for the end of a stream without finish reasons; empty
   * otherwise.
   */
  flush(): readonly ChoiceDelta[];
}

const malformed: ChunkResult = { kind: "malformed" };

/** The choices; none for a chunk that says only usage or its own head. Undefined where it is no chunk at all. */
function readChoices(chunk: JsonRecord): readonly unknown[] | undefined {
  const { choices } = chunk;
  if (Array.isArray(choices)) {
    return choices;
  }
  const isChunk = isRecord(chunk["usage"]) || chunk["object"] === "chat.completion.chunk";
  return isAbsent(choices) && isChunk ? [] : undefined;
}

const noEnds: readonly ChoiceEnd[] = [];

class CompletionDecoder implements ChunkDecoder {
  readonly #choices = new Map<number, ChoiceDecoder>();
  #start: StreamStart | undefined;
  #usage: Usage | undefined;

  decode(data: string): ChunkResult {
    const chunk = parseJson(data);
    if (!isRecord(chunk)) {
      return malformed;
    }
    const error = errorMember(chunk);
    if (error !== undefined) {
      return { kind: "error", error };
    }
    const elements = readChoices(chunk);
    if (elements === undefined) {
      return malformed;
    }
    this.#learnHead(chunk);
    this.#usage = readUsage(chunk["usage"]) ?? this.#usage;
    let deltas: ChoiceDelta[] = [];
    let ends: ChoiceEnd[] | undefined;
    for (let position = 0; position < elements.length; position++) {
      const element = elements[position];
      const index = isRecord(element) ? readChoiceIndex(element, position) : undefined;
      if (!isRecord(element) || index === undefined) {
        return malformed;
      }
      // Kimi's place for it.
      this.#usage = readUsage(element["usage"]) ?? this.#usage;
      const piece = this.#choiceAt(index).decode(element);
      if (piece.kind === "malformed") {
        return malformed;
      }
      // Nearly every chunk is of one choice, whose list is new and needs no copy.
      if (deltas.length === 0) deltas = piece.deltas;
      else deltas.push(...piece.deltas);
      if (piece.end !== undefined) {
        (ends ??= []).push(piece.end);
      }
    }
    return { kind: "chunk", deltas, ends: ends ?? noEnds };
  }

  start(): StreamStart | undefined {
    return this.#start;
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  flush(): readonly ChoiceDelta[] {
    return [...this.#choices.values()].flatMap((choice) => choice.flush());
  }

  #learnHead(chunk: JsonRecord): void {
    const start = this.#start;
    if (
      start === undefined ||
      start.id === "" ||
      start.modelVersion === "" ||
      start.createdSeconds === undefined
    ) {
      const head = readHead(chunk);
      this.#start = {
        id: start?.id || head.id,
        createdSeconds: start?.createdSeconds ?? head.createdSeconds,
        modelVersion: start?.modelVersion || head.modelVersion,
      };
    }
  }

  #choiceAt(index: number): ChoiceDecoder {
    const known = this.#choices.get(index);
    if (known !== undefined) {
      return known;
    }
    const opened = createChoiceDecoder(index, () => this.#start?.id ?? "");
    this.#choices.set(index, opened);
    return opened;
  }
}

/** Decodes the chunks of one streamed completion. Never throws. @see test/upstream/chunk-decoder.test.ts */
export function createChunkDecoder(): ChunkDecoder {
  return new CompletionDecoder();
}
