import { trace } from "@opentelemetry/api";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callRoot } from "../../src/telemetry/linked-context.ts";
import { readTraceContext, traceHeadersOf } from "../../src/telemetry/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const read = (headers: Readonly<Record<string, string>>) =>
  trace.getSpanContext(readTraceContext((name) => headers[name]));

const hex = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(""))
    .filter((text) => !/^0+$/.test(text));

describe("readTraceContext()", () => {
  for (const { traceparent, flags } of [
    { traceparent: `00-${traceId}-${spanId}-01`, flags: 1 },
    { traceparent: `00-${traceId}-${spanId}-00`, flags: 0 },
    { traceparent: `  00-${traceId}-${spanId}-01 `, flags: 1 },
    // Flags of level 2 of the specification that we do not know are not passed on.
    { traceparent: `00-${traceId}-${spanId}-03`, flags: 1 },
    // A later version may append fields.
    { traceparent: `cc-${traceId}-${spanId}-01-later`, flags: 1 },
  ]) {
    it(`takes ${traceparent}`, () => {
      expect(read({ traceparent })).toMatchObject({ traceId, spanId, traceFlags: flags, isRemote: true });
    });
  }

  for (const traceparent of [
    "",
    "00",
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
    `0 0-${traceId}-${spanId}-01`,
  ]) {
    it(`takes no context from ${JSON.stringify(traceparent)}`, () => {
      expect(readTraceContext((name) => (name === "traceparent" ? traceparent : "a=1"))).toBe(callRoot);
    });
  }

  it("survives any header", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (traceparent, tracestate) => {
        const context = readTraceContext((name) => (name === "traceparent" ? traceparent : tracestate));
        expect(context).toBeDefined();
      }),
    );
  });
});

describe("traceHeadersOf()", () => {
  it("writes what readTraceContext() reads", () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom(0, 1), (traceId, spanId, traceFlags) => {
        const headers = traceHeadersOf({ traceId, spanId, traceFlags });
        expect(read(headers)).toMatchObject({ traceId, spanId, traceFlags });
      }),
    );
  });

  it("writes nothing for a span without ids", () => {
    expect(traceHeadersOf({ traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 })).toEqual({});
  });
});
