import type { JsonObject } from "./json-object.ts";
import { samplePattern } from "./pattern-sample.ts";
import { readPattern } from "./pattern.ts";
import type { Random } from "./seeded-random.ts";

/** A minLength of a billion must not cost memory: such a sample is too short, and says nothing worse. */
const mostLength = 8192;

const formats: Readonly<Record<string, string>> = {
  "date-time": "2025-01-15T09:30:00Z",
  date: "2025-01-15",
  time: "09:30:00Z",
  duration: "PT1H30M",
  email: "simulated@example.com",
  "idn-email": "simulated@example.com",
  hostname: "example.com",
  "idn-hostname": "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/simulated",
  url: "https://example.com/simulated",
  "uri-reference": "/simulated",
  iri: "https://example.com/simulated",
  "iri-reference": "/simulated",
  "uri-template": "https://example.com/{id}",
  "json-pointer": "/simulated",
  "relative-json-pointer": "1/simulated",
  regex: "^simulated$",
  byte: "c2ltdWxhdGVk",
};

function number(schema: JsonObject, name: string): number | undefined {
  const value = schema[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function uuid(random: Random): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

/**
 * A string for the keywords `format`, `pattern`, `minLength` and `maxLength`.
 * @param plausible what the place calls for where the schema leaves it open
 * @param tries how many draws failed before: more of them try longer texts
 */
export function sampleString(schema: JsonObject, random: Random, plausible: string, tries: number): string {
  const format = schema["format"];
  if (format === "uuid") return uuid(random);
  const formatted =
    typeof format === "string" && Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (formatted !== undefined && schema["pattern"] === undefined) return formatted;
  const least = Math.min(mostLength, number(schema, "minLength") ?? 0);
  const most = number(schema, "maxLength") ?? Infinity;
  const pattern = typeof schema["pattern"] === "string" ? readPattern(schema["pattern"]) : undefined;
  if (pattern !== undefined) {
    // An open quantifier may have to stretch to the least length, or shrink to the greatest.
    const sample = samplePattern(
      pattern,
      random,
      tries === 0 ? Math.max(2, least) : (tries % 4) * Math.max(1, least),
    );
    // What is too short is wrong as it is; longer it may still match, for a pattern that is found anywhere.
    if (sample !== undefined) return lengthen(sample, plausible, least);
  }
  const chars = Array.from(lengthen(plausible, plausible, least));
  // What repeats is cut at its end; the last characters tell one try from another.
  return (
    chars.length <= most ? chars : tries === 0 ? chars.slice(0, most) : chars.slice(chars.length - most)
  ).join("");
}

/** The text, followed by `filler` until it has that many characters. */
function lengthen(text: string, filler: string, least: number): string {
  const chars = Array.from(text);
  while (chars.length < least) chars.push(" ", ...Array.from(filler));
  return chars.join("");
}

/** A number for the keywords of range and `multipleOf`; whole where `integer`. */
export function sampleNumber(schema: JsonObject, random: Random, integer: boolean): number {
  const step = Math.abs(number(schema, "multipleOf") ?? 0) || (integer ? 1 : 0);
  const low = Math.max(
    number(schema, "minimum") ?? -Infinity,
    number(schema, "exclusiveMinimum") ?? -Infinity,
  );
  const high = Math.min(
    number(schema, "maximum") ?? Infinity,
    number(schema, "exclusiveMaximum") ?? Infinity,
  );
  const from = low > -Infinity ? low : Math.min(1, high < Infinity ? high - Math.max(1, step) : 1);
  const to = high < Infinity ? high : Math.max(from + 1, from + 99 * Math.max(1, step));
  // Draft 4 has `exclusiveMinimum: true`.
  const openLow = number(schema, "exclusiveMinimum") === low || schema["exclusiveMinimum"] === true;
  const openHigh = number(schema, "exclusiveMaximum") === high || schema["exclusiveMaximum"] === true;
  if (step === 0) {
    const value = from + (to - from) * (0.1 + 0.8 * random());
    const rounded = Number(value.toFixed(2));
    return rounded > from && rounded < to ? rounded : value;
  }
  const whole = integer && !Number.isInteger(step) ? step * wholeFactor(step) : step;
  const first = Math.ceil(from / whole) + (openLow && Number.isInteger(from / whole) ? 1 : 0);
  const last = Math.floor(to / whole) - (openHigh && Number.isInteger(to / whole) ? 1 : 0);
  const times = first + Math.floor(random() * (Math.max(0, last - first) + 1));
  // 3 · 0.1 is 0.30000000000000004: print it as people write it.
  return Number((times * whole).toPrecision(15)) + 0;
}

/** The least whole number of steps that is a whole number, for steps with up to six decimals. */
function wholeFactor(step: number): number {
  for (let factor = 1; factor <= 1_000_000; factor *= 10) {
    if (Number.isInteger(Number((step * factor).toPrecision(12)))) return factor;
  }
  return 1;
}
