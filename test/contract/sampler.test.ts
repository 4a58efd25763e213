import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createLog } from "../../src/telemetry/log.ts";
import { startTelemetry } from "../../src/telemetry/start-telemetry.ts";
import { startTraceBackend, type StoredSpan, type TraceBackend } from "../support/trace-backend.ts";
import { tracedCall } from "../support/traced-call.ts";

const log = createLog("silent");
let backend: TraceBackend;

beforeAll(async () => {
  backend = await startTraceBackend();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => backend.close());

/** The spans that leave a call. The SDK reads the sampler from the process's own environment. */
async function exported(sampler: Readonly<Record<string, string>>): Promise<readonly StoredSpan[]> {
  for (const [name, value] of Object.entries(sampler)) vi.stubEnv(name, value);
  const env = { ...sampler, OTEL_EXPORTER_OTLP_ENDPOINT: backend.httpEndpoint };
  const telemetry = await startTelemetry({ env, version: "1.2.3", log });
  const traceId = tracedCall(telemetry.source);
  await telemetry.shutdown();
  const traces = await backend.query("switchyard.route.outcome = fallback");
  return traces.find((trace) => trace[0]?.traceId === traceId) ?? [];
}

describe("OTEL_TRACES_SAMPLER", () => {
  it("is obeyed: nothing leaves where it is off", async () => {
    expect(await exported({ OTEL_TRACES_SAMPLER: "always_off" })).toEqual([]);
  });

  it("is obeyed: spans that it keeps say what all others say", async () => {
    const sampled = await exported({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "1" });
    vi.unstubAllEnvs();
    const recorded = await exported({});
    const said = (spans: readonly StoredSpan[]) =>
      spans
        .map(({ name, kind, status, attributes }) => ({
          name,
          kind,
          status,
          said: Object.keys(attributes).toSorted(),
        }))
        .toSorted((a, b) => a.name.localeCompare(b.name));
    expect(sampled).toHaveLength(4);
    expect(said(sampled)).toEqual(said(recorded));
  });
});
