import { createHealthService } from "./health-service.ts";
import { createReflectionServices } from "./reflection-service.ts";
import type { RpcService } from "./rpc-service.ts";
import type { ServingState } from "./serving-state.ts";

/** A service with health and reflection beside it, as each listener offers it. */
export function withInfrastructure(state: ServingState, service: RpcService): readonly RpcService[] {
  const services = [service, createHealthService(state, [service.desc.typeName])];
  return [...services, ...createReflectionServices(services)];
}
