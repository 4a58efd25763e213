import type { Behaviour, FaultyUpstreamOptions, Script } from "../support/faulty-upstream.ts";
import {
  answers,
  answersHtml,
  answersNothing,
  chunkEvent,
  dripsHeaders,
  finishesBeforeHeaders,
  hangsAfterHeaders,
  hangsBeforeHeaders,
  httpChunk,
  httpResponse,
  redirects,
  refuses,
  resetsBeforeHeaders,
  resetsInHeaders,
  responds,
  sendsHeartbeats,
  streamsEvents,
  streamsThenCuts,
  streamsThenEnds,
  streamsThenFails,
  streamsThenGarbles,
  streamsThenResets,
  streamsThenStalls,
  wholeEvents,
} from "../support/upstream-behaviours.ts";
import { createTestCertificate } from "../support/test-certificate.ts";

export type CallKind = "unary" | "stream";

/** What the main upstream is: one that follows a script, or a place where none is. */
export type Main =
  | { readonly kind: "script"; readonly script: Script; readonly options?: FaultyUpstreamOptions }
  | { readonly kind: "nowhere"; readonly address: "closed-port" | "unknown-host" | "black-hole" | "no-tls" };

/** What the caller gets. */
export type Sees =
  | {
      readonly kind: "answer";
      readonly from: "main" | "spare";
      readonly text?: string;
      /** That its cost is; left out: it is not. */
      readonly estimated?: boolean;
    }
  | {
      readonly kind: "error";
      readonly code: string;
      readonly reason: string;
      readonly text?: string;
      /** Of a stream that broke after content: that what came is paid by our own count; left out: it is. */
      readonly estimated?: boolean;
    };

/** One fault, and everything that follows from it. The first try goes to `acme/main@main`, whose fallback is `acme/spare@spare`. */
export interface FaultRow {
  readonly fault: string;
  readonly kinds: readonly CallKind[];
  readonly main: Main;
  readonly sees: Sees;
  /** `error.type` of each attempt, in order; `ok` for a success. */
  readonly attempts: readonly string[];
  /** Requests that the main upstream saw. */
  readonly mainRequests: number;
  /** We left the last of them before its answer had ended. */
  readonly leaves?: boolean;
  /** What the breaker of the main deployment became of it. */
  readonly breaker: "failure" | "none" | "open";
  /** The main key's state afterwards; usable where left out. */
  readonly key?: "cooling" | "quarantined";
  readonly outcome: string;
  /** More time for a call than others have. */
  readonly patient?: boolean;
  /** The spare's model has no larger window than the main one's. */
  readonly sameWindow?: boolean;
}

const both: readonly CallKind[] = ["unary", "stream"];
const unary: readonly CallKind[] = ["unary"];
const stream: readonly CallKind[] = ["stream"];

const always = (behaviour: Behaviour): Main => ({ kind: "script", script: () => behaviour });
const rescued: Sees = { kind: "answer", from: "spare" };
const whole: Sees = { kind: "answer", from: "main" };

/** Before any content: the spare answers, and the main deployment has failed once. */
function before(
  fault: string,
  kinds: readonly CallKind[],
  main: Main,
  errorType: string,
  more: Partial<FaultRow> = {},
): FaultRow {
  return {
    fault,
    kinds,
    main,
    sees: rescued,
    attempts: [errorType, "ok"],
    mainRequests: 1,
    breaker: "failure",
    outcome: "fallback",
    ...more,
  };
}

/** After content: the caller is told that the stream broke, with what came. */
function after(
  fault: string,
  behaviour: Behaviour,
  errorType: string,
  more: Partial<FaultRow> = {},
): FaultRow {
  return {
    fault,
    kinds: stream,
    main: always(behaviour),
    sees: { kind: "error", code: "ABORTED", reason: "UPSTREAM_STREAM_BROKEN", text: "piece 0 piece 1 " },
    attempts: [errorType],
    mainRequests: 1,
    breaker: "failure",
    outcome: "partial",
    ...more,
  };
}

/** The upstream is alive and right to refuse: nobody else is asked. */
function refused(
  fault: string,
  behaviour: Behaviour,
  reason: string,
  errorType: string,
  more: Partial<FaultRow> = {},
): FaultRow {
  return {
    fault,
    kinds: both,
    main: always(behaviour),
    sees: { kind: "error", code: "INVALID_ARGUMENT", reason },
    attempts: [errorType],
    mainRequests: 1,
    breaker: "none",
    outcome: "rejected",
    ...more,
  };
}

/** What is seen of an answer of the main upstream that does not say what it used. */
const estimated: Partial<FaultRow> = { sees: { kind: "answer", from: "main", estimated: true } };

/** Not a fault at all, however odd it looks. */
function fine(
  fault: string,
  kinds: readonly CallKind[],
  behaviour: Behaviour,
  more: Partial<FaultRow> = {},
): FaultRow {
  return {
    fault,
    kinds,
    main: always(behaviour),
    sees: whole,
    attempts: ["ok"],
    mainRequests: 1,
    breaker: "none",
    outcome: "primary",
    ...more,
  };
}

const expired = createTestCertificate({ fromDays: -30, toDays: -1, host: "127.0.0.1" });
const done = "data: [DONE]\n\n";
const stop = chunkEvent({}, { finish_reason: "stop" });

const slowButWhole: Behaviour = {
  name: "is slow within its limit",
  answer: async (exchange) => {
    await exchange.pause(120);
    await answers().answer(exchange);
  },
};

const drips: Behaviour = {
  name: "drips content",
  answer: async (exchange) => {
    await exchange.write(
      httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
    );
    for (const event of wholeEvents({ texts: ["a", "b", "c", "d", "e", "f"] })) {
      await exchange.write(httpChunk(event));
      await exchange.pause(120);
    }
    await exchange.write(httpChunk(""));
  },
};

/** Its chunk of content says what was used so far. */
const usesThenResets: Behaviour = {
  name: "says what it used, and resets",
  answer: async (exchange) => {
    const headers = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };
    await exchange.write(httpResponse(200, headers));
    const usage = { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 };
    await exchange.write(httpChunk(chunkEvent({ content: "piece 0 " }, {}, { usage })));
    // What was written must have left before the reset throws it away.
    await exchange.pause(20);
    exchange.reset();
  },
};

/** Each byte of the events in a packet of its own. */
function bytewise(events: readonly string[]): readonly Uint8Array[] {
  return [...Buffer.from(events.join(""))].map((byte) => Uint8Array.of(byte));
}

const body = (value: unknown): Behaviour =>
  responds(200, { "content-type": "application/json" }, JSON.stringify(value));
const json = { "content-type": "application/json" };

export const faultRows: readonly FaultRow[] = [
  // No connection comes about.
  before("refuses connections", both, { kind: "nowhere", address: "closed-port" }, "connection_error", {
    mainRequests: 0,
  }),
  before(
    "has a name that does not resolve",
    both,
    { kind: "nowhere", address: "unknown-host" },
    "connection_error",
    { mainRequests: 0 },
  ),
  before("drops every packet", both, { kind: "nowhere", address: "black-hole" }, "connection_error", {
    mainRequests: 0,
    patient: true,
  }),
  before("stalls the TLS handshake", both, { kind: "nowhere", address: "no-tls" }, "connection_error", {
    mainRequests: 0,
    patient: true,
  }),
  before(
    "shows an expired certificate",
    both,
    { kind: "script", script: () => answers(), options: { certificate: expired } },
    "connection_error",
    { mainRequests: 0 },
  ),
  before(
    "resets each connection at once",
    both,
    { kind: "script", script: () => answers(), options: { onConnection: () => "reset" } },
    "connection_error",
    { mainRequests: 0 },
  ),
  before(
    "accepts a connection and ignores it",
    both,
    { kind: "script", script: () => answers(), options: { onConnection: () => "ignore" } },
    "timeout",
    { mainRequests: 0 },
  ),
  // A connection, and no answer.
  before("hangs before the headers", both, always(hangsBeforeHeaders), "timeout", { leaves: true }),
  before("drips its headers", both, always(dripsHeaders(50)), "timeout", { leaves: true }),
  before("resets before the headers", both, always(resetsBeforeHeaders), "connection_error"),
  before("closes before the headers", both, always(finishesBeforeHeaders), "connection_error"),
  before("resets inside the headers", both, always(resetsInHeaders), "connection_error"),
  before("hangs after the headers", stream, always(hangsAfterHeaders), "timeout", { leaves: true }),
  before("sends heartbeats and nothing else", stream, always(sendsHeartbeats(20)), "timeout", {
    leaves: true,
  }),
  fine("is slow within its limit", both, slowButWhole),
  // After content.
  after("stalls after content", streamsThenStalls(2), "timeout", { leaves: true }),
  after("sends only heartbeats after content", sendsHeartbeats(20, 2), "timeout", { leaves: true }),
  after("resets after content", streamsThenResets(2), "_OTHER"),
  after("cuts the body after content", streamsThenCuts(2), "_OTHER"),
  after("ends in order after content, with neither finish reason nor [DONE]", streamsThenEnds(2), "_OTHER"),
  after("sends a broken chunk after content", streamsThenGarbles(2), "_OTHER", { leaves: true }),
  after(
    "sends half a chunk after content",
    streamsThenGarbles(2, 'data: {"choices":[{"index":0,"del'),
    "timeout",
    { leaves: true },
  ),
  after(
    "sends an error event after content",
    streamsThenFails(2, { message: "x", type: "server_error", code: "server_error" }),
    "server_error",
    { leaves: true },
  ),
  after(
    "sends a page after content",
    streamsThenGarbles(2, "<html><body>Bad Gateway</body></html>\n\ndata: <html>\n\n"),
    "_OTHER",
    { leaves: true },
  ),
  after("says what it used, and resets after content", usesThenResets, "_OTHER", {
    sees: {
      kind: "error",
      code: "ABORTED",
      reason: "UPSTREAM_STREAM_BROKEN",
      text: "piece 0 ",
      estimated: false,
    },
  }),
  fine("drips its content", stream, drips, { sees: { kind: "answer", from: "main", text: "abcdef" } }),
  // Truncated and odd ends.
  before("ends a stream before any content", stream, always(streamsThenEnds(0)), "_OTHER"),
  before("sends a broken chunk first", stream, always(streamsThenGarbles(0)), "_OTHER", { leaves: true }),
  before(
    "sends an error event first",
    stream,
    always(streamsThenFails(0, { message: "x", type: "server_error" })),
    "server_error",
    { leaves: true },
  ),
  before(
    "sends an overload event first",
    stream,
    always(streamsThenFails(0, { message: "x", type: "overloaded_error", code: "overloaded_error" })),
    "overloaded_error",
    { leaves: true },
  ),
  fine(
    "leaves out [DONE]",
    stream,
    streamsEvents([chunkEvent({ content: "Hello, world" }), stop]),
    estimated,
  ),
  fine(
    "ends its last event without a blank line",
    stream,
    streamsEvents([chunkEvent({ content: "Hello, world" }), stop.trimEnd()]),
    estimated,
  ),
  fine(
    "says [DONE] without a finish reason",
    stream,
    streamsEvents([chunkEvent({ content: "Hello, world" }), done]),
    estimated,
  ),
  // A 200 that is no answer.
  before("answers with a page", both, always(answersHtml(200)), "_OTHER"),
  before("answers with nothing", unary, always(answersNothing), "_OTHER"),
  before("answers without choices", unary, always(body({ id: "x", choices: [] })), "_OTHER"),
  before(
    "answers with a null message",
    unary,
    always(body({ id: "x", choices: [{ index: 0, message: null, finish_reason: "stop" }] })),
    "_OTHER",
  ),
  before("answers with broken JSON", both, always(responds(200, json, '{"choices":[{"ind')), "_OTHER"),
  before(
    "answers 200 with a server error in it",
    both,
    always(body({ error: { message: "x", type: "server_error", code: "server_error" } })),
    "server_error",
  ),
  before(
    "answers 200 with a rate limit in it",
    both,
    always(body({ error: { message: "x", code: "rate_limit_exceeded" } })),
    "rate_limit_exceeded",
    { breaker: "none", key: "cooling" },
  ),
  before("redirects", both, always(redirects("http://127.0.0.1:9/elsewhere")), "307"),
  // What it says with its status.
  before("answers 500", both, always(refuses(500)), "500"),
  before("answers 502 with a page", both, always(answersHtml(502)), "502"),
  before("answers 504", both, always(refuses(504)), "504"),
  before("answers 503", both, always(refuses(503)), "503"),
  before("answers 529", both, always(refuses(529, { type: "overloaded_error" })), "overloaded_error"),
  before("answers 408", both, always(refuses(408)), "408"),
  before("answers 409", both, always(refuses(409)), "409"),
  before(
    "does not know the model",
    both,
    always(refuses(404, { code: "model_not_found" })),
    "model_not_found",
    { breaker: "open" },
  ),
  before(
    "limits the rate",
    both,
    always(refuses(429, { code: "rate_limit_exceeded" }, { "retry-after": "2" })),
    "rate_limit_exceeded",
    { breaker: "none", key: "cooling" },
  ),
  before("limits the rate and says nothing more", both, always(responds(429, {})), "429", {
    breaker: "none",
    key: "cooling",
  }),
  before(
    "says that the quota is spent",
    both,
    always(refuses(429, { code: "insufficient_quota", type: "insufficient_quota" })),
    "insufficient_quota",
    { breaker: "none", key: "cooling" },
  ),
  before("wants to be paid", both, always(refuses(402)), "402", { breaker: "none", key: "cooling" }),
  before("refuses the key", both, always(refuses(401, { code: "invalid_api_key" })), "invalid_api_key", {
    breaker: "none",
    key: "quarantined",
  }),
  before("forbids the model to the key", both, always(refuses(403)), "403", {
    breaker: "none",
    key: "quarantined",
  }),
  refused(
    "finds the request invalid",
    refuses(400, { code: "invalid_value" }),
    "INVALID_REQUEST",
    "invalid_value",
  ),
  refused("cannot process the request", refuses(422), "INVALID_REQUEST", "422"),
  refused("finds the request too large", refuses(413), "REQUEST_TOO_LARGE", "413"),
  refused(
    "filters the prompt",
    refuses(400, { code: "content_filter" }),
    "CONTENT_FILTERED",
    "content_filter",
  ),
  before(
    "finds the prompt too long, where another model has a larger window",
    both,
    always(refuses(400, { code: "context_length_exceeded" })),
    "context_length_exceeded",
    { breaker: "none" },
  ),
  refused(
    "finds the prompt too long, where no other model has a larger window",
    refuses(400, { code: "context_length_exceeded" }),
    "CONTEXT_LENGTH_EXCEEDED",
    "context_length_exceeded",
    { sameWindow: true },
  ),
  // What looks odd and is an answer.
  fine("filters the answer", both, answers({ finishReason: "content_filter" })),
  fine(
    "splits every byte",
    stream,
    streamsEvents(bytewise(wholeEvents({ texts: ["안녕", " 👋🏽 ", "été"] }))),
    { sees: { kind: "answer", from: "main", text: "안녕 👋🏽 été" } },
  ),
  fine(
    "ends its lines with CRLF, after a byte-order mark",
    stream,
    streamsEvents(["\uFEFF", ...wholeEvents().map((event) => event.replaceAll("\n", "\r\n"))]),
  ),
  fine(
    "sends one event in many data lines",
    stream,
    streamsEvents([
      chunkEvent({ content: "Hello, world" }).replace('"choices"', '\ndata: "choices"'),
      stop,
      done,
    ]),
    estimated,
  ),
  fine("leaves out usage", both, answers({ usage: undefined }), estimated),
];
