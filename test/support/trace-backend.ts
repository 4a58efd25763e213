import { createRequire } from "node:module";

// By require: the package's types import the 2.x tracing SDK, which is not here, and an import would check
// them. These are the members that we use.
const require = createRequire(import.meta.url);
const { createDevtools } = require("autotel-devtools") as {
  readonly createDevtools: (options: {
    readonly port: number;
    readonly verbose: boolean;
    readonly sourceRoot: false;
  }) => {
    readonly server: object;
    readonly ready: Promise<{ readonly port: number }>;
    readonly close: () => Promise<void>;
  };
};
const { startOtlpGrpcReceiver } = require("autotel-devtools/server") as {
  readonly startOtlpGrpcReceiver: (options: {
    readonly devtools: object;
    readonly host: string;
    readonly port: number;
  }) => Promise<{ readonly port: number; readonly close: () => Promise<void> }>;
};

/** A span as the backend gives it back. */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: string };
  readonly events: readonly { readonly name: string }[];
  /** Left out: none. */
  readonly links?: readonly {
    readonly spanId: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
}

/** An OTLP backend that we did not write, on loopback. */
export interface TraceBackend {
  readonly httpEndpoint: string;
  readonly grpcEndpoint: string;
  /** Traces that its own query language finds, such as `switchyard.route.outcome = fallback`. */
  readonly query: (query: string) => Promise<readonly (readonly StoredSpan[])[]>;
  readonly close: () => Promise<void>;
}

export async function startTraceBackend(): Promise<TraceBackend> {
  const devtools = createDevtools({ port: 0, verbose: false, sourceRoot: false });
  const { port } = await devtools.ready;
  const receiver = await startOtlpGrpcReceiver({ devtools: devtools.server, host: "127.0.0.1", port: 0 });
  const httpEndpoint = `http://127.0.0.1:${port}`;
  return {
    httpEndpoint,
    grpcEndpoint: `http://127.0.0.1:${receiver.port}`,
    query: async (query) => {
      const response = await fetch(`${httpEndpoint}/api/query/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query }),
      });
      if (!response.ok) throw new Error(`the backend refused the query ${query}: ${response.status}`);
      const found = (await response.json()) as {
        readonly traces: readonly { readonly spans: readonly StoredSpan[] }[];
      };
      return found.traces.map((trace) => trace.spans);
    },
    close: async () => {
      await receiver.close();
      await devtools.close();
    },
  };
}
