import { isRecord, type JsonRecord, parseJson } from "./untrusted-json.ts";
import { findUpstreamCode, type UpstreamCode } from "./upstream-codes.ts";
import { readDurationMs } from "./wait-hint.ts";

/** What an upstream's error says, in words that are ours. */
export interface ErrorFacts {
  /** The most telling of its codes that we know. */
  readonly code: UpstreamCode | undefined;
  /** A status that it names in its body, 400 to 599. */
  readonly status: number | undefined;
  /** What its text tells where no code does. Never the text. */
  readonly hint: ErrorHint | undefined;
  /** Google's RetryInfo. */
  readonly retryAfterMs: number | undefined;
}

type ErrorHint = "context-too-long" | "content-filtered" | "quota-exhausted";

// Only a sentence tells these apart from other refusals with the same code: Anthropic's, Google's and vLLM's. An
// upstream may quote the request in it. Where that is misread, its caller alone is told something wrong; but a spent
// quota rests a key for everybody, so that is believed only where the sentence begins with it.
const hints: readonly (readonly [ErrorHint, RegExp])[] = [
  [
    "quota-exhausted",
    /^(?:your credit balance|you have reached your specified api usage limits|you exceeded your current quota|you have exceeded your (?:current )?quota|insufficient (?:quota|balance|credits?|funds))/,
  ],
  [
    "context-too-long",
    /maximum context length|context window|context length|prompt is too long|input is too long|input token count|exceeds the maximum number of (?:input )?tokens|too many (?:input )?tokens/,
  ],
  [
    "content-filtered",
    /content (?:management|filter|filtering|usage|safety) policy|content filter|safety system|(?:input|prompt|content|request) was flagged|flagged (?:by|as|for)|violat\w+ (?:our|the|its) (?:usage|content|safety)/,
  ],
];

const deepest = 4;
const mostElements = 8;
const mostText = 4096;

/** Where the layers of gateways and clouds put the error, or another one inside it. */
const nestedMembers = [
  "error",
  "innererror",
  "inner_error",
  "details",
  "errors",
  "metadata",
  "raw",
  "detail",
] as const;
const wordMembers = ["code", "reason", "type", "status", "error_code"] as const;
const textMembers = ["message", "msg", "detail", "error_description", "raw"] as const;

interface Findings {
  readonly codes: UpstreamCode[];
  readonly statuses: number[];
  readonly texts: string[];
  readonly waits: number[];
}

/**
 * Reads an error of any dialect: OpenAI's and Azure's object, Anthropic's and Google's envelopes, an array of
 * them, a bare string, JSON inside a string (gateways quote the upstream behind them), codes that are numbers.
 * @param error the whole body, or its `error` member
 */
export function readErrorFacts(error: unknown): ErrorFacts {
  const found: Findings = { codes: [], statuses: [], texts: [], waits: [] };
  visit(error, 0, found);
  return {
    code: found.codes.find(({ general }) => !general) ?? found.codes[0],
    status: found.statuses[0],
    hint: hints.find(([, pattern]) => found.texts.some((text) => pattern.test(text)))?.[0],
    retryAfterMs: found.waits[0],
  };
}

function visit(value: unknown, depth: number, found: Findings): void {
  if (depth > deepest) return;
  if (typeof value === "string") {
    readWord(value, found);
    readText(value, depth, found);
  } else if (Array.isArray(value)) {
    for (const element of value.slice(0, mostElements)) visit(element, depth + 1, found);
  } else if (isRecord(value)) {
    visitRecord(value, depth, found);
  }
}

function visitRecord(value: JsonRecord, depth: number, found: Findings): void {
  for (const name of wordMembers) readWord(value[name], found);
  for (const name of textMembers) readText(value[name], depth, found);
  readRetryInfo(value, found);
  visit(value["error"], depth + 1, found);
  for (const name of nestedMembers) if (typeof value[name] === "object") visit(value[name], depth + 1, found);
}

/** A sentence, or the JSON of the upstream behind a gateway. */
function readText(text: unknown, depth: number, found: Findings): void {
  if (typeof text !== "string") return;
  const inner = /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
  if (inner === undefined) found.texts.push(text.slice(0, mostText).trimStart().toLowerCase());
  else visit(inner, depth + 1, found);
}

function readWord(word: unknown, found: Findings): void {
  const status =
    typeof word === "number" ? word : typeof word === "string" && /^\d{3}$/.test(word) ? Number(word) : 0;
  if (Number.isInteger(status) && status >= 400 && status <= 599) found.statuses.push(status);
  if (typeof word !== "string") return;
  const code = findUpstreamCode(word);
  if (code !== undefined) found.codes.push(code);
}

function readRetryInfo(value: JsonRecord, found: Findings): void {
  const delay = value["retryDelay"];
  const ms = typeof delay === "string" ? readDurationMs(delay) : undefined;
  if (ms !== undefined && ms > 0) found.waits.push(ms);
}
