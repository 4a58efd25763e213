import {
  type Attributes,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace";
import { toHrTime } from "./hr-time.ts";

/** What attributes of ours hold. */
export type SaidValue = string | number | boolean | readonly (string | number | boolean)[];

/** What a span is started with. */
export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: SpanContext;
  readonly parentSpanContext: SpanContext | undefined;
  /** Undefined: none. */
  readonly links: Link[] | undefined;
  /** What the monotonic clock and this add up to is the time of day, in milliseconds. */
  readonly clockOffset: number;
}

/** What all spans of a process share. */
export interface SpanOrigin {
  readonly resource: Resource;
  readonly instrumentationScope: ReadableSpan["instrumentationScope"];
  /** Called once with each span that ended. */
  readonly onEnd: (span: RecordedSpan) => void;
}

const unset: SpanStatus = { code: SpanStatusCode.UNSET };
/** The SDK's own default. */
const mostEvents = 128;

/**
 * A span that records, as the SDK's processors and exporters read it. Ours and not the SDK's, whose limits, checks and
 * copies of each value take longer than all else that a span is (decision 0013): attributes are kept as they are said,
 * and become an object only for who asks for one.
 */
export class RecordedSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly clockOffset: number;
  /** Names and values in turn, each name once. */
  readonly said: SaidValue[] = [];
  status: SpanStatus = unset;
  ended = false;
  readonly droppedAttributesCount = 0;
  droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #context: SpanContext;
  readonly #origin: SpanOrigin;
  readonly #startedAt: number;
  // Undefined: none, as of nearly every span.
  #links: Link[] | undefined;
  #events: TimedEvent[] | undefined;
  #endedAt: number;

  constructor(start: SpanStart, origin: SpanOrigin) {
    this.name = start.name;
    this.kind = start.kind;
    if (start.parentSpanContext !== undefined) this.parentSpanContext = start.parentSpanContext;
    this.#links = start.links;
    this.clockOffset = start.clockOffset;
    this.#context = start.spanContext;
    this.#origin = origin;
    this.#startedAt = this.#now();
    this.#endedAt = this.#startedAt;
  }

  /** Says one attribute; a later value of the same name takes the place of the first. Undefined says nothing. */
  say(name: string, value: SaidValue | undefined): void {
    if (value === undefined || this.ended) return;
    const { said } = this;
    for (let at = 0; at < said.length; at += 2) {
      if (said[at] === name) {
        said[at + 1] = value;
        return;
      }
    }
    said.push(name, value);
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  setAttribute(name: string, value: unknown): this {
    // The API allows more; nothing here says more.
    this.say(name, value as SaidValue | undefined);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const name in attributes) this.setAttribute(name, attributes[name]);
    return this;
  }

  addEvent(name: string, attributes?: Attributes | TimeInput): this {
    // Times of others are not taken: all of a trace is told by one clock.
    const said = isAttributes(attributes) ? attributes : {};
    if (this.ended) return this;
    this.#events ??= [];
    if (this.#events.length < mostEvents) {
      this.#events.push({ name, time: toHrTime(this.#now()), attributes: said });
    } else this.droppedEventsCount += 1;
    return this;
  }

  addLink(link: Link): this {
    if (!this.ended) (this.#links ??= []).push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.ended && status.code !== SpanStatusCode.UNSET) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  /** Nothing: an exception's message and stack may hold what must not leave the process. */
  recordException(): void {}

  isRecording(): boolean {
    return !this.ended;
  }

  end(): void {
    if (this.ended) return;
    this.#endedAt = this.#now();
    this.ended = true;
    this.#origin.onEnd(this);
  }

  #now(): number {
    return this.clockOffset + performance.now();
  }

  get attributes(): Attributes {
    const attributes: Attributes = {};
    for (let at = 0; at < this.said.length; at += 2) {
      // Names stand at even places, their values behind them.
      attributes[this.said[at] as string] = this.said[at + 1];
    }
    return attributes;
  }

  get links(): Link[] {
    return this.#links ?? [];
  }

  get events(): TimedEvent[] {
    return this.#events ?? [];
  }

  get startTime(): HrTime {
    return toHrTime(this.#startedAt);
  }

  get endTime(): HrTime {
    return toHrTime(this.#endedAt);
  }

  get duration(): HrTime {
    return toHrTime(this.#endedAt - this.#startedAt);
  }

  get resource(): Resource {
    return this.#origin.resource;
  }

  get instrumentationScope(): ReadableSpan["instrumentationScope"] {
    return this.#origin.instrumentationScope;
  }
}

function isAttributes(given: Attributes | TimeInput | undefined): given is Attributes {
  return typeof given === "object" && !Array.isArray(given) && !(given instanceof Date);
}
