import { availableParallelism, cpus, loadavg } from "node:os";
import type { Cores } from "./cores.ts";
import { raisedLimits } from "./subjects/gateway-config.ts";
import type { Upstreams } from "./upstream/start-upstreams.ts";

/** Under which circumstances a run measured. */
export function machineFacts(cores: Cores | undefined, { program }: Upstreams) {
  const pinned =
    cores === undefined
      ? "nothing is pinned"
      : `the measured process on core ${cores.subject} alone, all others on core ${cores.side}`;
  const lines = [
    `Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${pinned}.`,
    `Upstream: ${program}. Load average at the end: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")}.`,
    `Everything on: validation, breakers, budget, ledger, log, all spans recorded and exported. Raised: ${raisedLimits}.`,
  ];
  return { node: process.versions.node, cores, upstream: program, raisedLimits, text: lines.join("\n") };
}
