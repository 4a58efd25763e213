import type { KeyConfig } from "../config/config.ts";
import { readCompletion } from "./chat-answer.ts";
import { toChatCompletionBody } from "./chat-request.ts";
import {
  badResponse,
  cancelledFailure,
  classifyExchange,
  classifyFault,
  classifyNonAnswer,
} from "./classify-failure.ts";
import { createExchange, type Exchange, type ResponseHead } from "./exchange.ts";
import { createKeyClients, type SharedKeys } from "./key-clients.ts";
import type { KeyFact } from "./key-pool.ts";
import { discardBody, readErrorText } from "./read-bounded.ts";
import { readQuota } from "./quota-headers.ts";
import { readStream } from "./read-stream.ts";
import type { ResponseBody } from "./response-body.ts";
import { readMediaType, readRequestId } from "./response-header.ts";
import { createSdkClient } from "./sdk-client.ts";
import { createTransport } from "./transport.ts";
import { errorMember, parseJson } from "./untrusted-json.ts";
import type {
  CompletionResult,
  StreamResult,
  Upstream,
  UpstreamCall,
  UpstreamResponseInfo,
} from "./upstream.ts";

export interface OpenAiUpstreamOptions {
  readonly name: string;
  /** Such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** In order of preference. */
  readonly keys: readonly KeyConfig[];
  readonly maxConnections: number;
  readonly http2: boolean;
  readonly connectMs: number;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1); for the pool's jitter. */
  readonly random?: () => number;
  readonly shared?: SharedKeys | undefined;
}

/** An upstream whose keys can be replaced while it is called. */
export interface OpenAiUpstream extends Upstream {
  /**
   * From now on calls are made with these keys. Calls under way, and those whose key is leased already, finish with the
   * key that they have. What is known of a key is kept where its id and its secret are the same.
   */
  readonly replaceKeys: (keys: readonly KeyConfig[]) => void;
  /** Takes up what another process learned of a key. */
  readonly learnKey: (fact: KeyFact) => void;
}

/** An upstream that speaks the OpenAI API, through the openai SDK. */
export function createOpenAiUpstream(options: OpenAiUpstreamOptions): OpenAiUpstream {
  const transport = createTransport(options);
  const { now, random = Math.random } = options;
  const keys = createKeyClients({
    keys: options.keys,
    openClient: (secret) => createSdkClient(options.baseUrl, secret.reveal(), transport),
    now,
    random,
    shared: options.shared,
  });

  /** Resolves to what the SDK threw, if it did, once the response headers are in or are known never to come. */
  const post = (call: UpstreamCall, exchange: Exchange, stream: boolean): Promise<unknown> => {
    const client = keys.clientOf(call.key);
    if (client === undefined) throw new Error(`upstream ${options.name} has no key ${call.key.id}`);
    const body = JSON.stringify(toChatCompletionBody(call.upstreamModel, call.input, stream));
    return client.post(exchange, body).then(nothing, itself);
  };

  return {
    name: options.name,
    keys: keys.pool,
    replaceKeys: keys.replace,
    learnKey: keys.learn,
    address: addressOf(options.baseUrl),
    complete: async (call) => {
      const exchange = createExchange(call.signal, call.headers);
      const sent = sentOf(exchange, await post(call, exchange, false));
      if (sent.kind === "failed") return sent;
      const { head, info } = sent;
      let text: string;
      try {
        text = await sent.body.text();
      } catch (error) {
        const failure = call.signal.aborted
          ? cancelledFailure(head)
          : classifyFault({ phase: "lost", error }, head);
        return { kind: "failed", failure, info };
      }
      return toResult(text, head, info);
    },
    stream: async (call) => {
      const exchange = createExchange(call.signal, call.headers);
      const sent = sentOf(exchange, await post(call, exchange, true));
      if (sent.kind === "failed") return sent;
      const { head, body, info } = sent;
      const mediaType = readMediaType(head.headers);
      if (mediaType === "" || mediaType === "text/event-stream") {
        return { kind: "opened", stream: readStream(body, head, call.signal), info };
      }
      return { kind: "failed", failure: await notAStream(mediaType, body, head, call.signal), info };
    },
    close: transport.close,
  };
}

type Sent =
  | {
      readonly kind: "answered";
      readonly head: ResponseHead;
      readonly body: ResponseBody;
      readonly info: UpstreamResponseInfo;
    }
  | Extract<CompletionResult & StreamResult, { readonly kind: "failed" }>;

function addressOf(baseUrl: string): Upstream["address"] {
  const { hostname, port, protocol } = new URL(baseUrl);
  const usual = protocol === "https:" ? 443 : 80;
  return { host: hostname.replaceAll(/^\[|\]$/g, ""), port: port === "" ? usual : Number(port) };
}

function nothing(): undefined {
  return undefined;
}

function itself(thrown: unknown): unknown {
  return thrown;
}

function sentOf(exchange: Exchange, thrown: unknown): Sent {
  const { head, body } = exchange;
  const info = infoOf(head);
  const failure = classifyExchange(exchange, thrown);
  if (failure !== undefined) return { kind: "failed", failure, info };
  if (head === undefined || body === undefined)
    throw new Error("a response without a head", { cause: thrown });
  return { kind: "answered", head, body, info };
}

function infoOf(head: ResponseHead | undefined): UpstreamResponseInfo {
  return {
    httpStatus: head?.status,
    upstreamRequestId: head && readRequestId(head.headers),
    quota: head && readQuota(head.headers),
  };
}

function toResult(text: string, head: ResponseHead, info: UpstreamResponseInfo): CompletionResult {
  const body = parseJson(text);
  const completion = errorMember(body) === undefined ? readCompletion(body) : undefined;
  return completion === undefined
    ? { kind: "failed", failure: classifyNonAnswer(body, head), info }
    : { kind: "completed", completion, info };
}

async function notAStream(mediaType: string, body: ResponseBody, head: ResponseHead, signal: AbortSignal) {
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) {
    discardBody(body);
    return badResponse(head, "the upstream's response is no event stream");
  }
  const text = await readErrorText(body);
  return signal.aborted ? cancelledFailure(head) : classifyNonAnswer(parseJson(text), head);
}
