import { create } from "@bufbuild/protobuf";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Config, ModelConfig, UpstreamConfig } from "../config/config.ts";
import { createOpenAiUpstream } from "../upstream/openai-upstream.ts";
import { failureAdvice } from "./failure-advice.ts";
import type { Finding } from "./finding.ts";
import { formatMs } from "./duration.ts";

const limitMs = 30_000;
const mostOutputTokens = 10;
const now = (): number => performance.now();

/** Asks an upstream one small question with its first key, as the gateway would. */
export async function checkUpstream(config: Config, upstream: UpstreamConfig): Promise<Finding> {
  const { name, baseUrl, keys, maxConnections, http2 } = upstream;
  const finding = { check: "upstream", subject: name } as const;
  const model = cheapestModel(config, name);
  if (baseUrl === undefined) return { ...finding, outcome: "note", detail: "nothing to ask" };
  if (model === undefined) return { ...finding, outcome: "note", detail: `${baseUrl}: no model uses it` };

  const { connectMs } = config.timeouts;
  const client = createOpenAiUpstream({ name, baseUrl, keys, maxConnections, http2, connectMs, now });
  const upstreamModel = model.upstreamModel.get(name) ?? model.id;
  const lease = client.keys.pick(upstreamModel, new Set());
  const started = now();
  try {
    if (lease === undefined) return { ...finding, outcome: "note", detail: "nothing to ask" };
    const result = await client.complete({
      upstreamModel,
      input: create(ChatInputSchema, {
        messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: "Say OK." } }] }],
        generationConfig: { maxOutputTokens: mostOutputTokens },
      }),
      key: lease.key,
      signal: AbortSignal.timeout(limitMs),
      headers: {},
    });
    const latencyMs = Math.round(now() - started);
    const where = `${baseUrl} with key ${lease.key.id} and ${model.id}`;
    if (result.kind === "completed") {
      return { ...finding, outcome: "ok", detail: `${where} answered in ${formatMs(latencyMs)}`, latencyMs };
    }
    const { kind, message, httpStatus } = result.failure;
    const cause = kind === "cancelled" ? `no answer within ${formatMs(limitMs)}` : message;
    const status = httpStatus === undefined ? kind : `${kind}, HTTP ${httpStatus}`;
    const detail = `${where} after ${formatMs(latencyMs)}: ${cause} (${status})`;
    return { ...finding, outcome: "failed", detail, advice: failureAdvice[kind], latencyMs };
  } finally {
    lease?.settle(undefined, undefined);
    await client.close();
  }
}

/** The cheapest by its price for output; one without a known price comes last. */
function cheapestModel(config: Config, upstream: string): ModelConfig | undefined {
  return [...config.models.values()]
    .filter(({ upstreams }) => upstreams.includes(upstream))
    .toSorted((a, b) => outputPrice(a) - outputPrice(b))[0];
}

function outputPrice({ price }: ModelConfig): number {
  return price === undefined ? Number.MAX_SAFE_INTEGER : Number(price.outputNanosPerMTok);
}
