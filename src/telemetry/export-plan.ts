/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a signal goes. */
export interface OtlpTarget {
  readonly protocol: "http/protobuf" | "grpc";
  /** As the exporter takes it: for HTTP with the signal's own path. */
  readonly url: string;
}

/** What the standard `OTEL_*` variables ask for. */
export interface ExportPlan {
  /** Undefined: spans are not exported. */
  readonly traces: OtlpTarget | undefined;
  /** Undefined: metrics are not pushed. */
  readonly metrics: OtlpTarget | undefined;
  /** True where metrics wait to be scraped. */
  readonly scrape: boolean;
  /** What was asked for and is not done. */
  readonly warnings: readonly string[];
}

/**
 * Reads what to export. Nothing goes out unless an endpoint is named: the SDK's own default, localhost,
 * would send a laptop's telemetry to whatever listens there.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function planExport(env: Environment): ExportPlan {
  if (valueOf(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true") {
    return { traces: undefined, metrics: undefined, scrape: false, warnings: [] };
  }
  const warnings: string[] = [];
  if (valueOf(env, "OTEL_CONFIG_FILE") !== undefined) {
    warnings.push("OTEL_CONFIG_FILE is not supported and is ignored; use the other OTEL_* variables");
  }
  const traces = signalTarget(env, "TRACES", warnings);
  const metrics = signalTarget(env, "METRICS", warnings);
  const scrape = metrics === undefined && exportersOf(env, "METRICS")[0] !== "none";
  return { traces, metrics, scrape, warnings };
}

/** The value of a variable; an empty one counts as unset, as the specification says. */
export function valueOf(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

/** A positive whole number from a variable; undefined where it is unset or something else. */
export function positiveIntegerOf(env: Environment, name: string): number | undefined {
  const value = valueOf(env, name);
  if (value === undefined || !/^\d{1,9}$/.test(value)) return undefined;
  const number = Number(value);
  return number > 0 ? number : undefined;
}

type Signal = "TRACES" | "METRICS";

function signalTarget(env: Environment, signal: Signal, warnings: string[]): OtlpTarget | undefined {
  const exporters = exportersOf(env, signal);
  for (const exporter of exporters) {
    if (exporter === "otlp" || exporter === "none") continue;
    if (signal === "METRICS" && exporter === "prometheus") continue;
    warnings.push(`OTEL_${signal}_EXPORTER: "${exporter.slice(0, 40)}" is not supported; use otlp or none`);
  }
  if (!exporters.includes("otlp")) return undefined;
  const own = valueOf(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  const endpoint = own ?? valueOf(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (endpoint === undefined) return undefined;
  const protocol =
    valueOf(env, `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ?? valueOf(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  // gRPC's target may be a bare `host:port`.
  if (protocol === "grpc") return { protocol, url: endpoint };
  if (protocol !== undefined && protocol !== "http/protobuf") {
    warnings.push(`OTLP protocol "${protocol.slice(0, 40)}" is not supported; http/protobuf is used`);
  }
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint)) {
    warnings.push(
      `the OTLP endpoint of ${signal.toLowerCase()} is no http(s) URL: nothing is exported there`,
    );
    return undefined;
  }
  // A signal's own endpoint is taken as it stands; the common one is a base that each signal's path extends.
  const path = `v1/${signal.toLowerCase()}`;
  return {
    protocol: "http/protobuf",
    url: own === undefined ? new URL(path, endpoint.replace(/\/*$/, "/")).href : own,
  };
}

// Left out means OTLP; `none` anywhere in the list switches the signal off.
function exportersOf(env: Environment, signal: Signal): readonly string[] {
  const listed = (valueOf(env, `OTEL_${signal}_EXPORTER`) ?? "otlp")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  return listed.includes("none") || listed.length === 0 ? ["none"] : listed;
}
