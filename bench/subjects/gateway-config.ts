import type { Upstreams } from "../upstream/start-upstreams.ts";

/** What the config of the bench raises, because its load is greater than what one replica should take by default. */
export const raisedLimits =
  "limits.maxInFlight 8192, limiter.start and .max 4096, upstreams.*.maxConnections 1024";

/** A stream that begins after 20 ms and brings 20 pieces 5 ms apart. */
export const pacedPath = "/paced/20/5/20";
/** A stream of 100 pieces, each written apart, as fast as the upstream can. */
export const separatePath = "/paced/0/0/100";
/** A stream with a piece a second that does not end by itself while it is looked at. */
const heldPath = "/paced/0/1000/600";

/** Config of the gateway: everything on as it ships, but for {@link raisedLimits}. @param ledger path of its file */
export function gatewayConfig(upstreams: Upstreams, ledger: string): string {
  return [
    "upstreams:",
    upstreamLine("unary", `${upstreams.fixed}/unary`, 1),
    upstreamLine("burst", `${upstreams.fixed}/burst`, 1),
    upstreamLine("limited", `${upstreams.fixed}/limited`, 4),
    upstreamLine("paced", `${upstreams.paced}${pacedPath}`, 1),
    upstreamLine("separate", `${upstreams.paced}${separatePath}`, 1),
    upstreamLine("held", `${upstreams.paced}${heldPath}`, 1),
    "models:",
    modelLine("unary", "unary"),
    modelLine("burst", "burst"),
    modelLine("limited", "limited, unary"),
    modelLine("paced", "paced"),
    modelLine("separate", "separate"),
    modelLine("held", "held"),
    "tiers: { simple: [bench/unary], standard: [bench/unary], advanced: [bench/unary] }",
    "limits: { maxInFlight: 8192 }",
    "limiter: { start: 4096, min: 4, max: 4096 }",
    "drain: { delayMs: 0, graceMs: 1000 }",
    `ledger: { path: "${ledger}" }`,
    "",
  ].join("\n");
}

function upstreamLine(name: string, base: string, keyCount: number): string {
  const keys = Array.from({ length: keyCount }, (_, at) => `{ id: key-${at + 1}, env: BENCH_KEY_${at + 1} }`);
  return `  ${name}: { baseUrl: "${base}/v1", keys: [${keys.join(", ")}], maxConnections: 1024 }`;
}

function modelLine(name: string, served: string): string {
  return (
    `  bench/${name}: { contextWindowTokens: 131072, capabilities: [tools, json_object], ` +
    `price: { inputPerMTok: "0.42", outputPerMTok: "1.90" }, upstreams: [${served}] }`
  );
}
