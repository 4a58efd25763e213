import { runLoad } from "../load/run-load.ts";
import { processUsage } from "../process-usage.ts";
import { figure, type Findings, joined } from "../report/figures.ts";
import { startMeasuredGateway } from "../subjects/gateway.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

const streams = 1000;
const heldMs = 3000;
const mebibyte = 1024 * 1024;

/** Memory of a fresh gateway that holds 1000 streams, each with a piece a second. */
export async function openStreams(setting: Setting): Promise<Findings> {
  return joined(await held(setting, "grpc-stream"), await held(setting, "connect-stream"));
}

async function held(setting: Setting, wire: "grpc-stream" | "connect-stream"): Promise<Findings> {
  const { cores, upstreams, collector, folder } = setting;
  const gateway = await startMeasuredGateway({ upstreams, collector, core: cores?.subject, folder });
  const { label, target } = gatewaySide(gateway, wire, "held");
  setting.tell(`memory: ${label} opens ${streams} streams`);
  const residentMb = (): number => (processUsage(gateway.pid)?.residentBytes ?? Number.NaN) / mebibyte;
  try {
    const idle = residentMb();
    const samples: number[] = [];
    let sampling: NodeJS.Timeout | undefined;
    // Over HTTP/1.1 each stream has a connection of its own.
    const connections = target.http === 2 ? 10 : streams;
    const task = { kind: "hold", target, connections, streams, ms: heldMs } as const;
    const result = await runLoad(task, cores?.side, (mark) => {
      if (mark === "held") sampling = setInterval(() => samples.push(residentMb()), 100);
      if (mark === "end") clearInterval(sampling);
    });
    clearInterval(sampling);
    const broken = result.refused + result.failed;
    const scenario = `${streams} open streams`;
    return {
      figures: [
        figure(scenario, label, "MiB", samples, {
          counts: { ok: streams - broken, refused: result.refused, failed: result.failed },
          note: `idle ${idle.toFixed(0)} MiB; wanted: < 300${result.exampleOfFailure === undefined ? "" : `; ${result.exampleOfFailure}`}`,
        }),
      ],
      ratios: [],
      left: [],
    };
  } finally {
    await gateway.stop();
  }
}
