import { startListeningProgram } from "../listening-program.ts";
import type { BenchOptions, ScenarioName } from "../options.ts";
import { type Findings, joined, noFindings } from "../report/figures.ts";
import { startMeasuredGateway } from "../subjects/gateway.ts";
import { separatePath } from "../subjects/gateway-config.ts";
import { startPeers } from "../subjects/peers.ts";
import { nodeLimit, type Side } from "../subjects/side.ts";
import { addedLatency } from "./added-latency.ts";
import { connectionReuse } from "./connection-reuse.ts";
import { openStreams } from "./open-streams.ts";
import type { Setting } from "./setting.ts";
import { startUp } from "./start-up.ts";
import { streamSpeed } from "./stream-speed.ts";
import { tracedAndLimited } from "./traced-and-limited.ts";
import { unarySpeed } from "./unary-speed.ts";
import { workersSpeed } from "./workers-speed.ts";

/**
 * Starts what is measured and runs what is asked for, one scenario after the other. What idles beside a measured
 * process shares its core with it and takes next to nothing.
 * @param onStarted told how to stop what was started
 * @param onFindings told all that was found after each scenario
 */
export async function runScenarios(
  setting: Setting,
  { scenarios, peers: wantedPeers }: BenchOptions,
  onStarted: (stop: () => Promise<void>) => void,
  onFindings: (soFar: Findings) => void,
): Promise<void> {
  const { cores, upstreams, folder, collector } = setting;
  const core = cores?.subject;
  const own = { core, folder };
  const fixed = upstreams.fixed;
  const paths = ["/unary/v1/chat/completions", "/burst/v1/chat/completions"];
  const limit = await startListeningProgram("subjects/node-limit.ts", [fixed, ...paths], own);
  onStarted(limit.stop);
  const limitSide: Side = {
    label: nodeLimit,
    pid: limit.pid,
    target: { origin: limit.origin, http: 2, wire: "grpc", model: "bench/unary", headers: {} },
  };
  const forwarderOf = (base: string) => startListeningProgram("subjects/sdk-forwarder.ts", [base], own);
  const forwarder = {
    burst: await forwarderOf(`${fixed}/burst/v1`),
    separate: await forwarderOf(`${upstreams.paced}${separatePath}/v1`),
  };
  onStarted(forwarder.burst.stop);
  onStarted(forwarder.separate.stop);
  const peers = await startPeers(setting, wantedPeers);
  for (const { stop } of peers.running) onStarted(stop);
  const gateway = await startMeasuredGateway({ upstreams, collector, ...own });
  onStarted(gateway.stop);

  const run: Readonly<Record<ScenarioName, () => Promise<Findings>>> = {
    unary: () => unarySpeed(setting, gateway, limitSide, peers.running),
    streams: () => streamSpeed(setting, gateway, { limit, forwarder }, peers.running),
    workers: () => workersSpeed(setting),
    traces: () => tracedAndLimited(setting, gateway),
    latency: () => addedLatency(setting, gateway, limitSide),
    memory: () => openStreams(setting),
    start: () => startUp(setting),
    connections: () => connectionReuse(setting, gateway),
  };
  let findings = joined(noFindings, { ...noFindings, left: peers.left });
  for (const name of scenarios) {
    findings = joined(findings, await run[name]());
    onFindings(findings);
  }
}
