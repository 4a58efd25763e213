// The gateway in a process of its own, which counts what it holds and tells when asked. Run with --expose-gc.
import { createHook } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseConfig } from "../src/config/parse-config.ts";
import { startGateway } from "../src/gateway.ts";
import { createLog } from "../src/telemetry/log.ts";
import type { Holdings } from "./holdings.ts";

const living = new Map<number, string>();
// What could be left behind by a call: its sockets and streams, its timers, its signals' listeners on the heap.
const watched =
  /^(?:Timeout|Immediate|TCPWRAP|TCPCONNECTWRAP|TLSWRAP|HTTP2SESSION|HTTP2STREAM|HTTPINCOMINGMESSAGE|HTTPCLIENTREQUEST|GETADDRINFOREQWRAP)$/;
createHook({
  init: (id, type) => {
    if (watched.test(type)) living.set(id, type);
  },
  destroy: (id) => living.delete(id),
}).enable();

const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
);
const result = parseConfig({
  text: env["SOAK_CONFIG"] ?? "",
  env,
  readFile: () => "",
  shippedText: "",
});
if (result.kind === "invalid") throw new Error(JSON.stringify(result.problems));
const log = createLog("silent");
const gateway = await startGateway({ config: result.config, env, version: "soak", log });
process.send?.({ kind: "ready", addresses: gateway.addresses });

process.on("message", (message) => {
  if (message === "measure")
    void measure().then((holdings) => process.send?.({ kind: "holdings", holdings }));
  if (message === "drain") void gateway.drain().then(() => process.disconnect?.());
});
process.on("disconnect", () => void gateway.close());

function collect(): void {
  globalThis.gc?.();
}

async function measure(): Promise<Holdings> {
  // Some of what is destroyed is told by the collector alone, and finalizers run a turn later.
  for (let pass = 0; pass < 4; pass++) {
    collect();
    await sleep(50);
  }
  const counts = new Map<string, number>();
  for (const type of living.values()) counts.set(type, (counts.get(type) ?? 0) + 1);
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    counts: Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    heapUsedBytes: heapUsed,
    externalBytes: external,
    rssBytes: rss,
  };
}
