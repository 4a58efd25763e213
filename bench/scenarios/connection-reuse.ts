import { createHttp2Sender } from "../load/http2-sender.ts";
import { createWire } from "../load/wire.ts";
import { figure, type Findings } from "../report/figures.ts";
import type { MeasuredGateway } from "../subjects/gateway.ts";
import type { Setting } from "./setting.ts";

const streams = 20;

/** How many connections to the upstream that many streams in a row take. */
export async function connectionReuse(setting: Setting, gateway: MeasuredGateway): Promise<Findings> {
  const opened = async (): Promise<number> =>
    Number(await (await fetch(`${setting.upstreams.paced}/connections`)).text());
  setting.tell(`connections: ${streams} streams in a row`);
  const sender = createHttp2Sender(gateway.grpc, 1);
  const wire = createWire("grpc-stream", "bench/separate", {});
  const before = await opened();
  let ok = 0;
  for (let number = 0; number < streams; number++) {
    if (wire.judge(await sender.send(wire)) === "ok") ok += 1;
  }
  sender.close();
  const connections = (await opened()) - before;
  const counts = { ok, refused: 0, failed: streams - ok };
  const note = "wanted: at most 1 (0: one was there already)";
  return {
    figures: [
      figure(`${streams} streams in a row`, "switchyard grpc", "connections", [connections], {
        counts,
        note,
      }),
    ],
    ratios: [],
    left: [],
  };
}
