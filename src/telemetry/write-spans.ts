import type { Attributes, HrTime, Link, SpanContext } from "@opentelemetry/api";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace";
import { BackwardWriter } from "./backward-writer.ts";
import { RecordedSpan, type SaidValue } from "./recorded-span.ts";
import { createAttributeWriter, type WriteAttributes } from "./write-attributes.ts";
import { close, tag, writeText } from "./write-field.ts";

/** Grows where they are larger: one of ours takes some 600 bytes. */
const bytesPerSpan = 1024;

/**
 * `ExportTraceServiceRequest` of OTLP. The bytes are those of the SDK's own serializer, which goes over each batch twice
 * (test/telemetry/write-spans.test.ts). It still does the batches whose spans do not all come from one resource and one
 * scope, as ours do.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export function createSpanSerializer(): typeof ProtobufTraceSerializer {
  const writeAttributes = createAttributeWriter();
  return {
    serializeRequest: (spans) => {
      const origin = originOf(spans);
      return origin === undefined
        ? ProtobufTraceSerializer.serializeRequest(spans)
        : writeSpans(spans, origin, writeAttributes);
    },
    deserializeResponse: (bytes) => ProtobufTraceSerializer.deserializeResponse(bytes),
  };
}

type Origin = Pick<ReadableSpan, "resource" | "instrumentationScope">;

/** What all of them come from. */
function originOf(spans: readonly ReadableSpan[]): Origin | undefined {
  const [first] = spans;
  if (first === undefined) return undefined;
  const { resource, instrumentationScope } = first;
  if (resource.schemaUrl !== undefined || instrumentationScope.schemaUrl !== undefined) return undefined;
  const isShared = (span: ReadableSpan): boolean =>
    span.resource === resource && span.instrumentationScope === instrumentationScope;
  return spans.every(isShared) ? first : undefined;
}

function writeSpans(
  spans: readonly ReadableSpan[],
  origin: Origin,
  writeAttributes: WriteAttributes,
): Uint8Array {
  const out = new BackwardWriter(spans.length * bytesPerSpan);
  const { resource, instrumentationScope } = origin;
  for (const span of backward(spans)) {
    const end = out.length;
    writeSpan(out, span, writeAttributes);
    close(out, 2, end);
  }
  const scopeEnd = out.length;
  const { name, version } = instrumentationScope;
  if (version !== undefined && version !== "") writeText(out, 2, version);
  writeText(out, 1, name);
  close(out, 1, scopeEnd);
  close(out, 2, 0);
  const resourceEnd = out.length;
  out.byte(0);
  out.byte(tag(2, 0));
  writeAttributes(out, 1, flatten(resource.attributes));
  close(out, 1, resourceEnd);
  close(out, 1, 0);
  return out.finish();
}

/** From its end to its start. Hardly any span has more than one link or event. */
function backward<T>(list: readonly T[]): readonly T[] {
  return list.length > 1 ? list.toReversed() : list;
}

function writeSpan(out: BackwardWriter, span: ReadableSpan, writeAttributes: WriteAttributes): void {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  writeFlags(out, 16, context.traceFlags, parent?.isRemote);
  const end = out.length;
  out.varint(span.status.code);
  out.byte(tag(3, 0));
  if (span.status.message !== undefined && span.status.message !== "") writeText(out, 2, span.status.message);
  close(out, 15, end);
  writeCount(out, 14, span.droppedLinksCount);
  for (const link of backward(span.links)) writeLink(out, link, writeAttributes);
  writeCount(out, 12, span.droppedEventsCount);
  for (const event of backward(span.events)) writeEvent(out, event, writeAttributes);
  writeCount(out, 10, span.droppedAttributesCount);
  writeAttributes(out, 9, span instanceof RecordedSpan ? span.said : flatten(span.attributes));
  writeTime(out, 8, span.endTime);
  writeTime(out, 7, span.startTime);
  out.varint(span.kind + 1);
  out.byte(tag(6, 0));
  writeText(out, 5, span.name);
  if (parent !== undefined) writeId(out, 4, parent.spanId);
  writeContext(out, context);
}

// SpanFlags of trace.proto.
const isRemoteKnown = 0x100;
const isRemote = 0x200;

function writeEvent(out: BackwardWriter, event: TimedEvent, writeAttributes: WriteAttributes): void {
  const end = out.length;
  writeCount(out, 4, event.droppedAttributesCount ?? 0);
  writeAttributes(out, 3, flatten(event.attributes));
  writeText(out, 2, event.name);
  writeTime(out, 1, event.time);
  close(out, 11, end);
}

function writeLink(out: BackwardWriter, link: Link, writeAttributes: WriteAttributes): void {
  const end = out.length;
  const { context } = link;
  writeFlags(out, 6, context.traceFlags, context.isRemote);
  writeCount(out, 5, link.droppedAttributesCount ?? 0);
  writeAttributes(out, 4, flatten(link.attributes));
  writeContext(out, context);
  close(out, 13, end);
}

/** The first three fields, which a span and a link have alike. */
function writeContext(out: BackwardWriter, { traceId, spanId, traceState }: SpanContext): void {
  const state = traceState?.serialize() ?? "";
  if (state !== "") writeText(out, 3, state);
  writeId(out, 2, spanId);
  writeId(out, 1, traceId);
}

function writeFlags(
  out: BackwardWriter,
  field: number,
  traceFlags: number,
  remote: boolean | undefined,
): void {
  out.fixed32((traceFlags & 0xff) | isRemoteKnown | (remote === true ? isRemote : 0));
  out.varint(tag(field, 5));
}

/** Names and values in turn. */
function flatten(attributes: Attributes | undefined): readonly SaidValue[] {
  // The API allows more values than are ever said here.
  return attributes === undefined ? [] : (Object.entries(attributes).flat(1) as SaidValue[]);
}

function writeId(out: BackwardWriter, field: number, digits: string): void {
  const end = out.length;
  out.hex(digits);
  close(out, field, end);
}

function writeCount(out: BackwardWriter, field: number, count: number): void {
  out.varint(count);
  out.byte(tag(field, 0));
}

function writeTime(out: BackwardWriter, field: number, [seconds, nanos]: HrTime): void {
  out.nanos(seconds, nanos);
  out.byte(tag(field, 1));
}
