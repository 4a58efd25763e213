import type { StreamEvent } from "../../../src/attempt/call-outcome.ts";
import { type Invariant, nameOf, nameOfRequest } from "./invariant.ts";
import { type CallRecord, isBefore, type RequestRecord } from "./run-record.ts";
import { textOf } from "./upstream-behaviour.ts";

/** What callers are sent. */
export const streamedAnswers: readonly Invariant[] = [
  {
    number: 5,
    says: "what a caller gets is the beginning of one upstream's stream, and nobody else is asked meanwhile",
    *breaches({ calls }) {
      for (const call of calls) {
        if (!call.stream) {
          yield* wrongAnswer(call);
          continue;
        }
        yield* wrongOrder(call);
        for (const part of partsOf(call)) yield* wrongText(call, part);
        const started = call.events.find(({ event }) => event.kind === "started");
        if (started === undefined || call.planned.restart === "allowed") continue;
        const later = call.requests.find(({ began }) => isBefore(started.when, began));
        if (later !== undefined) yield `${nameOfRequest(later)} starts after content was sent`;
      }
    },
  },
  {
    number: 6,
    says: "an answer is whole only where its end was seen, and then all of it is sent",
    *breaches({ calls }) {
      for (const call of calls) {
        const status = call.statuses[0]?.status;
        if (status?.kind !== "ok") continue;
        const request = call.requests[status.served.number - 1];
        if (request === undefined) yield `${nameOf(call)} was served by nobody`;
        else if (!isWhole(request)) yield `${nameOfRequest(request)} never ended, and its call is whole`;
        else if (status.text !== emitted(request))
          yield `${nameOfRequest(request)} sent ${emitted(request)}, its caller got ${status.text}`;
      }
    },
  },
];

interface Part {
  readonly deployment: string;
  readonly texts: readonly string[];
}

/** What was sent between two restarts. */
function partsOf({ events }: CallRecord): readonly Part[] {
  const parts: { deployment: string; texts: string[] }[] = [];
  for (const { event } of events) {
    if (event.kind === "started") parts.push({ deployment: event.serving.deployment, texts: [] });
    if (event.kind === "restarted") parts.push({ deployment: event.deployment, texts: [] });
    if (event.kind === "deltas") parts.at(-1)?.texts.push(...textsOf(event));
  }
  return parts;
}

function textsOf({ deltas }: Extract<StreamEvent, { kind: "deltas" }>): readonly string[] {
  return deltas.map(({ delta }) => (delta.case === "text" ? delta.value : ""));
}

function* wrongText(call: CallRecord, { deployment, texts }: Part): Generator<string> {
  const first = texts[0];
  if (first === undefined) return;
  const tag = first.slice(0, first.indexOf(":"));
  const request = call.requests[Number(tag.split(".")[1]) - 1];
  if (request?.deployment.id !== deployment) yield `${nameOf(call)} names ${deployment}, and sends ${first}`;
  for (const [index, text] of texts.entries())
    if (text !== textOf(tag, index)) yield `${nameOf(call)} sends ${text} as piece ${index} of ${tag}`;
}

/** `started`, `deltas`…, with `restarted` in between, then one end. */
function* wrongOrder(call: CallRecord): Generator<string> {
  const kinds = call.events.map(({ event }) => event.kind);
  const { restart } = call.planned;
  const told = kinds.join(" ");
  const end = "( finished)?";
  const grammar: Readonly<Record<typeof restart, RegExp>> = {
    "before-content": new RegExp(`^(failed|started( deltas)*(${end}| failed))?$`),
    allowed: new RegExp(`^(failed|started( deltas)*( restarted( deltas)*)*(${end}| failed))?$`),
    buffer: new RegExp(`^(failed|started( deltas)?${end})?$`),
  };
  if (!grammar[restart].test(told)) yield `${nameOf(call)} (${restart}) sends ${told}`;
  const empty = call.events.some(({ event }) => event.kind === "deltas" && event.deltas.length === 0);
  if (empty) yield `${nameOf(call)} sends deltas that are empty`;
}

function* wrongAnswer(call: CallRecord): Generator<string> {
  const status = call.statuses[0]?.status;
  if (status?.kind !== "ok") return;
  const request = call.requests[status.served.number - 1];
  if (request?.answer?.text !== status.text)
    yield `${nameOf(call)} got ${status.text} of nobody who served it`;
}

function isWhole({ answer, batches }: RequestRecord): boolean {
  if (answer !== undefined) return true;
  return batches.some(({ done, ends }) => done || ends.length > 0);
}

function emitted({ answer, batches }: RequestRecord): string {
  if (answer !== undefined) return answer.text;
  return batches
    .flatMap(({ deltas }) => deltas.map(({ delta }) => (delta.case === "text" ? delta.value : "")))
    .join("");
}
