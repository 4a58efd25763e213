import type { Behaviour, Exchange } from "./faulty-upstream.ts";

/** What an upstream says when all goes well. */
export interface WholeAnswer {
  /** The pieces of the text: one chunk each where it is streamed. */
  readonly texts?: readonly string[];
  readonly model?: string;
  readonly id?: string;
  readonly finishReason?: string;
  /** Undefined: none is sent. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const usual = {
  texts: ["Hello", ", ", "world"],
  model: "model-x",
  id: "chatcmpl-1",
  finishReason: "stop",
  usage: { prompt_tokens: 3, completion_tokens: 3 },
  headers: {},
} as const satisfies WholeAnswer;

const streamHeaders = { "content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked" };

/** An HTTP/1.1 response, or the start of one where no body is given. */
export function httpResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
): Buffer {
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...length, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n`, "latin1");
  return body === undefined ? head : Buffer.concat([head, Buffer.from(body as string)]);
}

/** A piece of a body with `transfer-encoding: chunked`; an empty piece ends it. */
export function httpChunk(body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/**
 * The event of one chunk of a streamed completion.
 * @param more members of its choice
 * @param beside members of the chunk itself
 */
export function chunkEvent(delta: object, more: object = {}, beside: object = {}): string {
  const choice = { index: 0, delta, finish_reason: null, ...more };
  const chunk = {
    id: usual.id,
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: usual.model,
    choices: [choice],
    ...beside,
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

/** The events of a whole streamed completion, `[DONE]` included. */
export function wholeEvents(answer: WholeAnswer = {}): readonly string[] {
  const { texts, model, id, finishReason, usage } = { ...usual, ...answer };
  const chunk = (choices: readonly object[], more: object = {}): string =>
    `data: ${JSON.stringify({ id, object: "chat.completion.chunk", created: 1_700_000_000, model, choices, ...more })}\n\n`;
  return [
    chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
    ...texts.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: finishReason }]),
    ...(usage === undefined ? [] : [chunk([], { usage: withTotal(usage) })]),
    "data: [DONE]\n\n",
  ];
}

function withTotal(usage: NonNullable<WholeAnswer["usage"]>) {
  return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
}

/** The body of a whole unary completion. */
export function wholeBody(answer: WholeAnswer = {}): string {
  const { texts, model, id, finishReason, usage } = { ...usual, ...answer };
  const message = { role: "assistant", content: texts.join("") };
  return JSON.stringify({
    id,
    object: "chat.completion",
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    ...(usage === undefined ? {} : { usage: withTotal(usage) }),
  });
}

async function startStream(
  exchange: Exchange,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await exchange.write(httpResponse(200, { ...streamHeaders, ...headers }));
}

/** So many chunks of content, as the start of a stream. */
async function streamSome(exchange: Exchange, chunks: number): Promise<void> {
  await startStream(exchange);
  for (let sent = 0; sent < chunks; sent++) {
    await exchange.write(httpChunk(chunkEvent({ content: `piece ${sent} ` })));
  }
}

/** A whole answer; a stream where the request asks for one, each event a piece of its own. */
export function answers(answer: WholeAnswer = {}): Behaviour {
  return {
    name: "answers",
    answer: async (exchange) => {
      if (exchange.request.json()["stream"] !== true) {
        const headers = { "content-type": "application/json", ...answer.headers };
        await exchange.write(httpResponse(200, headers, wholeBody(answer)));
        return;
      }
      await startStream(exchange, answer.headers);
      for (const event of wholeEvents(answer)) await exchange.write(httpChunk(event));
      await exchange.write(httpChunk(""));
    },
  };
}

/** A whole answer, once the gate opens. */
export function answersAfter(gate: Promise<void>, answer: WholeAnswer = {}): Behaviour {
  return {
    name: "answers when the gate opens",
    answer: async (exchange) => {
      await gate;
      await answers(answer).answer(exchange);
    },
  };
}

/** A stream of events of the test's own, ended in order. Each element is a piece of its own. */
export function streamsEvents(
  pieces: readonly (string | Uint8Array)[],
  headers: Readonly<Record<string, string>> = {},
): Behaviour {
  return {
    name: "streams events",
    answer: async (exchange) => {
      await startStream(exchange, headers);
      for (const piece of pieces) if (piece.length > 0) await exchange.write(httpChunk(piece));
      await exchange.write(httpChunk(""));
    },
  };
}

/** Any response, whole. */
export function responds(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = "",
): Behaviour {
  return {
    name: `responds ${status}`,
    answer: async (exchange) => {
      await exchange.write(httpResponse(status, headers, body));
    },
  };
}

/** An error as the OpenAI API words it. @param error members of `error`, beside a message */
export function refuses(
  status: number,
  error: object = {},
  headers: Readonly<Record<string, string>> = {},
): Behaviour {
  const body = { error: { message: "the upstream's own words", type: "some_error", ...error } };
  return {
    ...responds(status, { "content-type": "application/json", ...headers }, JSON.stringify(body)),
    name: `refuses with ${status}`,
  };
}

/** A page where an answer should be. */
export function answersHtml(status = 200): Behaviour {
  const page = "<!doctype html><html><body>Bad Gateway</body></html>";
  return { ...responds(status, { "content-type": "text/html" }, page), name: "answers with a page" };
}

/** 200, and nothing in it. */
export const answersNothing: Behaviour = { ...responds(200, {}), name: "answers with nothing" };

/** @param location where it points */
export function redirects(location: string, status = 307): Behaviour {
  return { ...responds(status, { location }), name: `redirects with ${status}` };
}

/** Reads the request, and breaks the connection. */
export const resetsBeforeHeaders: Behaviour = {
  name: "resets before headers",
  answer: async (exchange) => exchange.reset(),
};

/** Reads the request, and ends the connection in order. */
export const finishesBeforeHeaders: Behaviour = {
  name: "finishes before headers",
  answer: async (exchange) => exchange.finish(),
};

/** Breaks the connection inside the headers of its response. */
export const resetsInHeaders: Behaviour = {
  name: "resets in headers",
  answer: async (exchange) => {
    await exchange.write("HTTP/1.1 200 OK\r\ncontent-ty");
    await exchange.pause(20);
    exchange.reset();
  },
};

/** Reads the request, and says nothing ever. */
export const hangsBeforeHeaders: Behaviour = {
  name: "hangs before headers",
  answer: (exchange) => exchange.hang(),
};

/** The headers of a stream, and nothing ever after. */
export const hangsAfterHeaders: Behaviour = {
  name: "hangs after headers",
  answer: async (exchange) => {
    await startStream(exchange);
    await exchange.hang();
  },
};

/** Its response comes byte by byte. */
export function dripsHeaders(everyMs: number): Behaviour {
  return {
    name: "drips headers",
    answer: async (exchange) => {
      for (const byte of httpResponse(200, streamHeaders).toString("latin1")) {
        if (!(await exchange.write(byte))) return;
        await exchange.pause(everyMs);
        if (exchange.gone.aborted) return;
      }
    },
  };
}

/** Comments, until the client leaves: signs of life without an answer. */
export function sendsHeartbeats(everyMs: number, chunksBefore = 0): Behaviour {
  return {
    name: "sends heartbeats only",
    answer: async (exchange) => {
      await streamSome(exchange, chunksBefore);
      while (!exchange.gone.aborted) {
        await exchange.write(httpChunk(": heartbeat\n\n"));
        await exchange.pause(everyMs);
      }
    },
  };
}

/** Content, then silence. */
export function streamsThenStalls(chunks: number): Behaviour {
  return {
    name: `stalls after ${chunks} chunks`,
    answer: async (exchange) => {
      await streamSome(exchange, chunks);
      await exchange.hang();
    },
  };
}

/** Content, then a broken connection. */
export function streamsThenResets(chunks: number): Behaviour {
  return {
    name: `resets after ${chunks} chunks`,
    answer: async (exchange) => {
      await streamSome(exchange, chunks);
      // What was written must have left before the reset throws it away.
      await exchange.pause(20);
      exchange.reset();
    },
  };
}

/** Content, then the end of the connection in the middle of the body. */
export function streamsThenCuts(chunks: number): Behaviour {
  return {
    name: `cuts the body after ${chunks} chunks`,
    answer: async (exchange) => {
      await streamSome(exchange, chunks);
      exchange.finish();
    },
  };
}

/** Content, then the end of the body in order, with neither a finish reason nor `[DONE]`. */
export function streamsThenEnds(chunks: number): Behaviour {
  return {
    name: `ends after ${chunks} chunks`,
    answer: async (exchange) => {
      await streamSome(exchange, chunks);
      await exchange.write(httpChunk(""));
    },
  };
}

/** Content, then an event that is no chunk. */
export function streamsThenGarbles(chunks: number, event = "data: {not json\n\n"): Behaviour {
  return {
    name: `garbles after ${chunks} chunks`,
    answer: async (exchange) => {
      await streamSome(exchange, chunks);
      await exchange.write(httpChunk(event));
      await exchange.hang();
    },
  };
}

/** Content, then an error where a chunk should be. @param error the value of its `error` member */
export function streamsThenFails(chunks: number, error: unknown): Behaviour {
  return {
    ...streamsThenGarbles(chunks, `data: ${JSON.stringify({ error })}\n\n`),
    name: `fails after ${chunks} chunks`,
  };
}
