import {
  type Attributes,
  createTraceState,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from "@opentelemetry/api";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordedSpan } from "../../src/telemetry/recorded-span.ts";
import { createSpanSerializer } from "../../src/telemetry/write-spans.ts";

const resource = resourceFromAttributes({ "service.name": "switchyard", "service.instance.id": "é-1" });
const instrumentationScope = { name: "switchyard", version: "1.2.3" };
const spanSerializer = createSpanSerializer();

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...Array.from("0123456789abcdef")), { minLength: length, maxLength: length })
    .map((all) => all.join(""));
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ minLength: 60, maxLength: 300 }),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    127,
    128,
    16383,
    16384,
    2097151,
    2 ** 28,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    -1,
    2 ** 63,
  ),
);
const value = fc.oneof(text, number, fc.boolean(), fc.array(text), fc.array(number), fc.array(fc.boolean()));
// A name that is no property of an object that both are given.
const name = text.filter((one) => one !== "__proto__");
const attributes = fc.dictionary(name, value, { noNullPrototype: true }) as fc.Arbitrary<Attributes>;
const spanContext: fc.Arbitrary<SpanContext> = fc.record(
  {
    traceId: hex(32),
    spanId: hex(16),
    traceFlags: fc.constantFrom(TraceFlags.NONE, TraceFlags.SAMPLED),
    traceState: fc.constant(createTraceState("a=1,b=2")),
    isRemote: fc.boolean(),
  },
  { requiredKeys: ["traceId", "spanId", "traceFlags"] },
);

interface Told {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly { readonly context: SpanContext; readonly attributes: Attributes }[];
  readonly failed: string | undefined;
  readonly clockOffset: number;
}

const told: fc.Arbitrary<Told> = fc.record({
  name: text,
  kind: fc.constantFrom(SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT),
  context: spanContext,
  parent: fc.option(spanContext, { nil: undefined }),
  attributes,
  events: fc.array(fc.record({ name: text, attributes }), { maxLength: 3 }),
  links: fc.array(fc.record({ context: spanContext, attributes }), { maxLength: 2 }),
  failed: fc.option(text, { nil: undefined }),
  clockOffset: fc.double({ min: 0, max: 4e12, noNaN: true }),
});

function spanOf(what: Told): RecordedSpan {
  const span = new RecordedSpan(
    {
      name: what.name,
      kind: what.kind,
      spanContext: what.context,
      parentSpanContext: what.parent,
      links: what.links.map((link) => ({ ...link })),
      clockOffset: what.clockOffset,
    },
    { resource, instrumentationScope, onEnd: () => {} },
  );
  span.setAttributes(what.attributes);
  for (const event of what.events) span.addEvent(event.name, event.attributes);
  if (what.failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: what.failed });
  span.end();
  return span;
}

describe("the serializer of spans", () => {
  it("writes the bytes that the SDK's own writes, whatever the spans say", () => {
    fc.assert(
      fc.property(fc.array(told, { minLength: 1, maxLength: 4 }), (all) => {
        const spans = all.map(spanOf);
        expect(spanSerializer.serializeRequest(spans)).toEqual(
          asBytes(ProtobufTraceSerializer.serializeRequest(spans)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("writes the same bytes where names and values come again", () => {
    const few = fc.dictionary(
      fc.constantFrom("a", "b", "é"),
      fc.constantFrom<Attributes[string]>("x", "y", "é", 0, 1, 0.5, NaN, true, false, ["x"], []),
      { noNullPrototype: true },
    ) as fc.Arbitrary<Attributes>;
    fc.assert(
      fc.property(fc.array(few, { minLength: 1, maxLength: 8 }), (all) => {
        const spans = all.map((said) =>
          spanOf({ ...plain, attributes: said, events: [{ name: "e", attributes: said }] }),
        );
        expect(spanSerializer.serializeRequest(spans)).toEqual(
          asBytes(ProtobufTraceSerializer.serializeRequest(spans)),
        );
      }),
    );
  });

  it("grows for a batch beyond its usual size", () => {
    const one = spanOf({ ...plain, attributes: { long: "x".repeat(700_000), more: "é".repeat(400_000) } });
    const spans = [one, spanOf(plain), one];
    expect(spanSerializer.serializeRequest(spans)).toEqual(
      asBytes(ProtobufTraceSerializer.serializeRequest(spans)),
    );
  });

  it("leaves spans of several resources to the SDK's", () => {
    const other = resourceFromAttributes({ "service.name": "other" });
    const foreign = new RecordedSpan(
      {
        name: "other",
        kind: SpanKind.INTERNAL,
        spanContext: plain.context,
        parentSpanContext: undefined,
        links: [],
        clockOffset: 0,
      },
      { resource: other, instrumentationScope, onEnd: () => {} },
    );
    foreign.end();
    const spans = [spanOf(plain), foreign];
    expect(spanSerializer.serializeRequest(spans)).toEqual(ProtobufTraceSerializer.serializeRequest(spans));
  });
});

const plain: Told = {
  name: "plain",
  kind: SpanKind.SERVER,
  context: { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: TraceFlags.SAMPLED },
  parent: undefined,
  attributes: {},
  events: [],
  links: [],
  failed: undefined,
  clockOffset: 1_700_000_000_000,
};

function asBytes(given: Uint8Array | undefined): Uint8Array {
  return Buffer.from(given ?? []);
}
