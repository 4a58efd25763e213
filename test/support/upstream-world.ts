import { create } from "@bufbuild/protobuf";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import {
  type ChatInput,
  ChatInputSchema,
  type ChoiceDelta,
  type ChoiceEnd,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { KeyConfig } from "../../src/config/config.ts";
import { createSecret } from "../../src/config/secret.ts";
import type { Failure } from "../../src/routing/failure.ts";
import type { LeasedKey } from "../../src/upstream/key-pool.ts";
import {
  createOpenAiUpstream,
  type OpenAiUpstream,
  type OpenAiUpstreamOptions,
} from "../../src/upstream/openai-upstream.ts";
import { UpstreamFailed } from "../../src/upstream/upstream-failed.ts";
import type { StreamBatch, StreamResult, Upstream, UpstreamCall } from "../../src/upstream/upstream.ts";
import {
  type FaultyUpstream,
  type FaultyUpstreamOptions,
  type Script,
  startFaultyUpstream,
} from "./faulty-upstream.ts";

/** A key as the config holds one. The characters are its own, so that a mix-up shows. */
function sampleKey(id: string): KeyConfig {
  return { id, source: { kind: "simulator" }, secret: createSecret(`sk-secret-of-${id}`) };
}

/** A question of one line. */
export function sampleInput(text = "Say hello."): ChatInput {
  return create(ChatInputSchema, {
    messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: text } }] }],
  });
}

/** A call with the first key that nobody ends. */
export function sampleCall(more: Partial<UpstreamCall> = {}): UpstreamCall {
  const never = new AbortController();
  return {
    upstreamModel: "model-x",
    input: sampleInput(),
    key: { id: "first" },
    signal: never.signal,
    headers: {},
    ...more,
  };
}

/** The key of this id as the upstream's pool hands it out; itself where it comes from there, or the pool has none. */
function leased(upstream: Upstream, named: LeasedKey): LeasedKey {
  if ("fingerprint" in named) return named;
  const others = new Set<LeasedKey>();
  for (;;) {
    const lease = upstream.keys.pick("model-x", others);
    if (lease === undefined) return named;
    lease.settle(undefined, undefined);
    if (lease.key.id === named.id) return lease.key;
    others.add(lease.key);
  }
}

/** The adapter for a base URL, with keys `first` and `second`. A call names its key; it is leased here. */
export function openUpstream(baseUrl: string, more: Partial<OpenAiUpstreamOptions> = {}): OpenAiUpstream {
  const upstream = createOpenAiUpstream({
    name: "faulty",
    baseUrl,
    keys: [sampleKey("first"), sampleKey("second")],
    maxConnections: 16,
    http2: false,
    connectMs: 3000,
    now: () => performance.now(),
    ...more,
  });
  return {
    ...upstream,
    complete: (call) => upstream.complete({ ...call, key: leased(upstream, call.key) }),
    stream: (call) => upstream.stream({ ...call, key: leased(upstream, call.key) }),
  };
}

/** The adapter with the upstream that it calls, both closed at the end of their scope. */
export interface UpstreamWorld extends AsyncDisposable {
  readonly server: FaultyUpstream;
  readonly upstream: OpenAiUpstream;
}

export async function startUpstreamWorld(
  script: Script,
  more: Partial<OpenAiUpstreamOptions> = {},
  serverOptions: FaultyUpstreamOptions = {},
): Promise<UpstreamWorld> {
  const server = await startFaultyUpstream(script, serverOptions);
  const upstream = openUpstream(server.baseUrl, more);
  return {
    server,
    upstream,
    [Symbol.asyncDispose]: async () => {
      await upstream.close();
      await server.close();
    },
  };
}

/** A stream, read to its end. */
export interface ReadStream {
  readonly batches: readonly StreamBatch[];
  readonly deltas: readonly ChoiceDelta[];
  readonly ends: readonly ChoiceEnd[];
  /** The text of all deltas. */
  readonly text: string;
  readonly done: boolean;
  /** Undefined where the body ended in order. */
  readonly failure: Failure | undefined;
}

/** Reads a stream that must have opened. */
export async function readAll(result: StreamResult): Promise<ReadStream> {
  if (result.kind === "failed") throw new Error(`the stream did not open: ${result.failure.message}`);
  const batches: StreamBatch[] = [];
  let failure: Failure | undefined;
  try {
    for await (const batch of result.stream.batches) batches.push(batch);
  } catch (error) {
    if (!(error instanceof UpstreamFailed)) throw error;
    failure = error.failure;
  }
  const deltas = batches.flatMap((batch) => batch.deltas);
  return {
    batches,
    deltas,
    ends: batches.flatMap((batch) => batch.ends),
    text: deltas.map(({ delta }) => (delta.case === "text" ? delta.value : "")).join(""),
    done: batches.some((batch) => batch.done),
    failure,
  };
}

/** The failure of a call that must have failed. */
export async function failureOf(
  result: Promise<{ readonly kind: string; readonly failure?: Failure }>,
): Promise<Failure> {
  const { kind, failure } = await result;
  if (failure === undefined) throw new Error(`the call did not fail: it is ${kind}`);
  return failure;
}
