import { writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { type SideProcess, startSideProcess } from "../side-process.ts";
import type { Upstreams } from "../upstream/start-upstreams.ts";
import { gatewayConfig } from "./gateway-config.ts";

/** A gateway as its users start it. */
export interface MeasuredGateway extends SideProcess {
  /** Origins, such as `http://127.0.0.1:40123`. */
  readonly grpc: string;
  readonly connect: string;
}

let started = 0;

export async function startMeasuredGateway(options: {
  readonly upstreams: Upstreams;
  /** Where its spans go; undefined: nowhere. */
  readonly collector: string | undefined;
  readonly core: number | undefined;
  readonly folder: string;
  /** Lines of its config. */
  readonly more?: readonly string[];
}): Promise<MeasuredGateway> {
  const { upstreams, collector, core, folder, more = [] } = options;
  const name = `gateway-${++started}`;
  const config = join(folder, `${name}.yaml`);
  const lines = [gatewayConfig(upstreams, join(folder, `${name}.db`)), ...more, ""];
  writeFileSync(config, lines.join("\n"));
  const keys = [1, 2, 3, 4].map((at) => [`BENCH_KEY_${at}`, `bench-key-${at}-000000000000`]);
  const gateway = await startSideProcess({
    name,
    core,
    folder,
    command: serveCommand,
    env: {
      ...Object.fromEntries(keys),
      SWITCHYARD_CONFIG: config,
      SWITCHYARD_LISTEN_CONNECT: "127.0.0.1:0",
      SWITCHYARD_LISTEN_GRPC: "127.0.0.1:0",
      SWITCHYARD_LISTEN_OPERATOR: "127.0.0.1:0",
      ...(collector === undefined ? {} : { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector}/v1/traces` }),
    },
    isReady: (output) => output.includes('"event":"ready"'),
  });
  const originOf = (listener: string): string => {
    const line = gateway
      .output()
      .split("\n")
      .find((text) => text.includes(`"listener":"${listener}"`));
    // Each line of the log is an object; those of listeners have their address.
    const { address } = JSON.parse(line ?? "{}") as { readonly address?: string };
    return `http://${address}`;
  };
  return { ...gateway, grpc: originOf("grpc"), connect: originOf("connect") };
}

/** As `npm start` runs it, but for npm. */
const serveCommand = [process.execPath, ...packageJson.scripts.start.split(" ").slice(1)];
