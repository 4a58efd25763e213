import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readQuota } from "../../src/upstream/quota-headers.ts";
import { readMediaType, readRequestId } from "../../src/upstream/response-header.ts";
import { readRetryAfterMs } from "../../src/upstream/retry-after.ts";
import { readDurationMs } from "../../src/upstream/wait-hint.ts";

const dayMs = 86_400_000;
const date = "Wed, 25 Nov 2026 09:00:00 GMT";

describe("a duration", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["6m0s", 360_000],
    ["12ms", 12],
    ["1s", 1000],
    ["1.5s", 1500],
    ["1h2m3.5s", 3_723_500],
    ["250µs", 0.25],
    ["1d", dayMs],
    ["20", 20_000],
    ["0.5", 500],
    [" 7 ", 7000],
    ["0", 0],
    ["-1", undefined],
    ["", undefined],
    ["soon", undefined],
    ["1s later", undefined],
    ["s", undefined],
    ["1e3", undefined],
    ["Infinity", undefined],
    ["1".repeat(65), undefined],
  ];
  for (const [text, expected] of cases) {
    it(`of ${JSON.stringify(text.slice(0, 12))} is ${expected} ms`, () => {
      expect(readDurationMs(text)).toBe(expected);
    });
  }
});

describe("when to come back", () => {
  const cases: readonly { name: string; headers: Record<string, string>; expected: number | undefined }[] = [
    { name: "nothing says it", headers: {}, expected: undefined },
    { name: "seconds", headers: { "retry-after": "2" }, expected: 2000 },
    { name: "parts of seconds", headers: { "retry-after": "0.25" }, expected: 250 },
    {
      name: "milliseconds, which are the more exact",
      headers: { "retry-after": "2", "retry-after-ms": "1234.5" },
      expected: 1234.5,
    },
    {
      name: "nonsense for milliseconds",
      headers: { "retry-after": "2", "retry-after-ms": "soon" },
      expected: 2000,
    },
    {
      name: "a date after the response's own",
      headers: { "retry-after": "Wed, 25 Nov 2026 09:00:30 GMT", date },
      expected: 30_000,
    },
    {
      name: "a date before the response's own",
      headers: { "retry-after": "Wed, 25 Nov 2026 08:59:00 GMT", date },
      expected: undefined,
    },
    {
      name: "a date where the response has none: our clock may be wrong",
      headers: { "retry-after": "Wed, 25 Nov 2026 09:00:30 GMT" },
      expected: undefined,
    },
    { name: "0, which would be a hot loop", headers: { "retry-after": "0" }, expected: undefined },
    { name: "less than 0", headers: { "retry-after": "-5" }, expected: undefined },
    { name: "nonsense", headers: { "retry-after": "soon", date }, expected: undefined },
    { name: "more than a day", headers: { "retry-after": "99999999999" }, expected: dayMs },
    {
      name: "a date beyond a day",
      headers: { "retry-after": "Wed, 25 Nov 2099 09:00:00 GMT", date },
      expected: dayMs,
    },
  ];
  for (const { name, headers, expected } of cases) {
    it(`is ${expected} ms: ${name}`, () => {
      expect(readRetryAfterMs(headers)).toBe(expected);
    });
  }
});

const of = (what: string, limit: string, remaining: string, reset?: string): Record<string, string> => ({
  [`x-ratelimit-limit-${what}`]: limit,
  [`x-ratelimit-remaining-${what}`]: remaining,
  ...(reset === undefined ? {} : { [`x-ratelimit-reset-${what}`]: reset }),
});

describe("a quota", () => {
  const cases: readonly { name: string; headers: Record<string, string>; expected: object | undefined }[] = [
    { name: "nothing", headers: {}, expected: undefined },
    {
      name: "requests alone",
      headers: of("requests", "60", "15", "1s"),
      expected: { remainingShare: 0.25, resetMs: 1000 },
    },
    {
      name: "tokens alone",
      headers: of("tokens", "1000", "999", "6m0s"),
      expected: { remainingShare: 0.999, resetMs: 360_000 },
    },
    {
      name: "the tighter of both",
      headers: { ...of("requests", "60", "59", "1s"), ...of("tokens", "1000", "10", "6m0s") },
      expected: { remainingShare: 0.01, resetMs: 360_000 },
    },
    {
      name: "the tighter of both, the other way",
      headers: { ...of("requests", "60", "0", "1s"), ...of("tokens", "1000", "10", "6m0s") },
      expected: { remainingShare: 0, resetMs: 1000 },
    },
    {
      name: "the later reset of two that are alike",
      headers: { ...of("requests", "60", "0", "1s"), ...of("tokens", "1000", "0", "12ms") },
      expected: { remainingShare: 0, resetMs: 1000 },
    },
    {
      name: "Azure's -1 and 0",
      headers: { ...of("requests", "0", "-1"), ...of("tokens", "-1", "0") },
      expected: undefined,
    },
    {
      name: "Azure's -1 beside a real one",
      headers: { ...of("requests", "-1", "-1"), ...of("tokens", "100", "50") },
      expected: { remainingShare: 0.5, resetMs: undefined },
    },
    { name: "a limit of 0", headers: of("requests", "0", "0", "1s"), expected: undefined },
    { name: "no limit", headers: { "x-ratelimit-remaining-requests": "0" }, expected: undefined },
    {
      name: "more left than the limit",
      headers: of("requests", "10", "20"),
      expected: { remainingShare: 1, resetMs: undefined },
    },
    { name: "nonsense", headers: of("requests", "many", "few", "soon"), expected: undefined },
    {
      name: "nonsense for the reset alone",
      headers: of("requests", "10", "5", "soon"),
      expected: { remainingShare: 0.5, resetMs: undefined },
    },
    {
      name: "a reset beyond a day",
      headers: of("requests", "10", "5", "999h"),
      expected: { remainingShare: 0.5, resetMs: dayMs },
    },
  ];
  for (const { name, headers, expected } of cases) {
    it(`is read: ${name}`, () => {
      expect(readQuota(headers)).toEqual(expected);
    });
  }

  it("is always a share, and a reset ahead of us", () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.constantFrom("1s", "6m0s", "-1", "0"),
    );
    const names = ["limit", "remaining", "reset"].flatMap((what) => [
      `x-ratelimit-${what}-requests`,
      `x-ratelimit-${what}-tokens`,
    ]);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (headers) => {
        const quota = readQuota(headers);
        if (quota === undefined) return;
        expect(quota.remainingShare).toBeGreaterThanOrEqual(0);
        expect(quota.remainingShare).toBeLessThanOrEqual(1);
        if (quota.resetMs !== undefined) expect(quota.resetMs).toBeGreaterThan(0);
      }),
    );
  });
});

describe("a request id", () => {
  const cases: readonly { headers: Record<string, string | string[]>; expected: string | undefined }[] = [
    { headers: { "x-request-id": "req_1" }, expected: "req_1" },
    { headers: { "request-id": "req_2" }, expected: "req_2" },
    { headers: { "x-amzn-requestid": "a-b" }, expected: "a-b" },
    { headers: { "apim-request-id": "c" }, expected: "c" },
    { headers: { "x-request-id": ["d", "e"] }, expected: "d" },
    { headers: { "x-request-id": "x".repeat(129), "request-id": "f" }, expected: "f" },
    { headers: { "x-request-id": "two words" }, expected: undefined },
    { headers: { "x-request-id": "ünicode" }, expected: undefined },
    { headers: { "x-request-id": "" }, expected: undefined },
    { headers: {}, expected: undefined },
  ];
  for (const { headers, expected } of cases) {
    it(`of ${JSON.stringify(headers).slice(0, 60)} is ${expected}`, () => {
      expect(readRequestId(headers)).toBe(expected);
    });
  }
});

describe("a media type", () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    [undefined, ""],
    ["", ""],
    ["text/event-stream", "text/event-stream"],
    ["Text/Event-Stream; charset=utf-8", "text/event-stream"],
    ["application/json;charset=utf-8", "application/json"],
    [";", ""],
  ];
  for (const [value, expected] of cases) {
    it(`of ${JSON.stringify(value)} is ${JSON.stringify(expected)}`, () => {
      expect(readMediaType(value === undefined ? {} : { "content-type": value })).toBe(expected);
    });
  }
});
