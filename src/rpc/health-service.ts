import {
  Health,
  HealthCheckResponse_ServingStatus,
  type HealthCheckResponse_ServingStatus as Status,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { clipText } from "./clip-text.ts";
import { errorInfo } from "./error-info.ts";
import { RpcError } from "./rpc-error.ts";
import { defineService, type RpcService } from "./rpc-service.ts";
import type { ServingState } from "./serving-state.ts";

const serving: Status = HealthCheckResponse_ServingStatus.SERVING;
const notServing: Status = HealthCheckResponse_ServingStatus.NOT_SERVING;
const serviceUnknown: Status = HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN;

/**
 * `grpc.health.v1.Health` over the phase of the process: one answer for the whole server (the empty name) and for each of
 * these services. Our own and not `grpc-health-check`, so that both servers tell the same from one state.
 * @param serviceNames such as `switchyard.v1.GatewayService`
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export function createHealthService(state: ServingState, serviceNames: readonly string[]): RpcService {
  const known = new Set(["", ...serviceNames]);
  const current = (): Status => (state.phase() === "serving" ? serving : notServing);

  return defineService(
    Health,
    {
      async check({ service }) {
        if (!known.has(service)) throw unknownService(service);
        return { status: current() };
      },
      async list() {
        return { statuses: Object.fromEntries([...known].map((name) => [name, { status: current() }])) };
      },
      async *watch({ service }, { signal }) {
        // An unknown one is watched too: the protocol says so, though none of ours appears later.
        if (!known.has(service)) yield { status: serviceUnknown };
        let told: Status | undefined;
        while (!signal.aborted) {
          const status = current();
          if (known.has(service) && status !== told) yield { status: (told = status) };
          if (status === current()) await changeOf(state, signal);
        }
        // It never ends by itself: what ended it is its status.
        signal.throwIfAborted();
      },
    },
    { infrastructure: true },
  );
}

function changeOf(state: ServingState, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      forget();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const forget = state.onChange(done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

function unknownService(service: string): RpcError {
  const name = clipText(service, 100);
  return new RpcError("NOT_FOUND", `no service named ${JSON.stringify(name)} is served here`, [
    errorInfo("SERVICE_NOT_FOUND"),
    { schema: ResourceInfoSchema, value: { resourceType: "service", resourceName: name } },
  ]);
}
