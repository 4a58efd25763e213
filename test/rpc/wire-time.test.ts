import { toBinary } from "@bufbuild/protobuf";
import { DurationSchema, timestampMs, TimestampSchema } from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instantToTimestamp, toDuration, toMs, toTimestamp } from "../../src/rpc/wire-time.ts";

describe("durations and instants of the contract", () => {
  it("encodes any duration, off by half a microsecond at most", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
        const duration = toDuration(ms);
        toBinary(DurationSchema, duration);
        expect(Math.abs(toMs(duration)! - ms)).toBeLessThanOrEqual(0.000_51);
        expect(duration.nanos).toBeLessThan(1e9);
      }),
    );
  });

  it("takes what lies before zero for zero", () => {
    expect(toMs(toDuration(-3))).toBe(0);
  });

  it("encodes any instant in whole milliseconds", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), (ms) => {
        const timestamp = toTimestamp(ms);
        toBinary(TimestampSchema, timestamp);
        expect(timestampMs(timestamp)).toBe(Math.round(ms));
      }),
    );
  });

  it("knows no milliseconds of what is not set", () => {
    expect(toMs(undefined)).toBeUndefined();
  });

  it("tells an instant of the monotonic clock by the wall clock, and none for never", () => {
    const clock = { now: () => 5_000, wallClock: () => 1_700_000_000_000 };
    expect(timestampMs(instantToTimestamp(7_500, clock)!)).toBe(1_700_000_002_500);
    expect(timestampMs(instantToTimestamp(4_000, clock)!)).toBe(1_699_999_999_000);
    expect(instantToTimestamp(Infinity, clock)).toBeUndefined();
  });
});
