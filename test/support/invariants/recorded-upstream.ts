import type { Catalog } from "../../../src/routing/catalog.ts";
import type { LeasedKey } from "../../../src/upstream/key-pool.ts";
import { UpstreamFailed } from "../../../src/upstream/upstream-failed.ts";
import type { StreamBatch, Upstream, UpstreamCall } from "../../../src/upstream/upstream.ts";
import type { CallRecord, Moment, RequestRecord } from "./run-record.ts";

/** An upstream, with every request and what came of it written down. */
export function recordUpstream(
  upstream: Upstream,
  catalog: Catalog,
  moment: () => Moment,
  currentCall: () => CallRecord,
  requests: RequestRecord[],
  secrets: WeakMap<LeasedKey, string>,
): Upstream {
  const deploymentOf = (upstreamModel: string) =>
    [...catalog.deployments.values()].find(
      (each) => each.upstream === upstream.name && each.upstreamModel === upstreamModel,
    )!;

  const begin = ({ upstreamModel, key, signal }: UpstreamCall, stream: boolean): RequestRecord => {
    const call = currentCall();
    const deployment = deploymentOf(upstreamModel);
    const visit = call.visits.findLast((each) => each.deployment === deployment)!;
    const request: RequestRecord = {
      call,
      visit,
      number: call.requests.length + 1,
      deployment,
      keyId: key.id,
      secret: secrets.get(key)!,
      stream,
      began: moment(),
      ended: undefined,
      aborted: signal.aborted ? moment() : undefined,
      failure: undefined,
      answer: undefined,
      batches: [],
    };
    signal.addEventListener(
      "abort",
      () => {
        request.aborted ??= moment();
      },
      { once: true },
    );
    requests.push(request);
    call.requests.push(request);
    visit.requests.push(request);
    return request;
  };

  async function* batchesOf(source: AsyncIterable<StreamBatch>, request: RequestRecord) {
    try {
      for await (const batch of source) {
        request.batches.push(batch);
        yield batch;
      }
    } catch (error) {
      if (error instanceof UpstreamFailed) request.failure = error.failure;
      throw error;
    } finally {
      request.ended = moment();
    }
  }

  return {
    ...upstream,
    complete: async (call) => {
      const request = begin(call, false);
      const result = await upstream.complete(call);
      request.ended = moment();
      if (result.kind === "failed") request.failure = result.failure;
      else {
        const { usage, choices } = result.completion;
        const part = choices[0]?.message?.parts[0]?.part;
        request.answer = { text: part?.case === "text" ? part.value : "", usage };
      }
      return result;
    },
    stream: async (call) => {
      const request = begin(call, true);
      const result = await upstream.stream(call);
      if (result.kind === "failed") {
        request.ended = moment();
        request.failure = result.failure;
        return result;
      }
      const { stream } = result;
      return { ...result, stream: { ...stream, batches: batchesOf(stream.batches, request) } };
    },
  };
}
