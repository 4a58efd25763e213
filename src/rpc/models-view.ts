import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ModelAvailability } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { ModelSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { DeploymentSnapshot } from "../attempt/fleet.ts";
import type { Catalog, Model, Price } from "../routing/catalog.ts";
import { closestNames } from "../routing/closest-names.ts";
import { clipText } from "./clip-text.ts";
import { toTier } from "./contract-enums.ts";
import { deploymentHealth, isReady } from "./deployment-health.ts";
import { errorInfo } from "./error-info.ts";
import { RpcError } from "./rpc-error.ts";
import type { Clock } from "./wire-time.ts";

type ModelInit = Exclude<MessageInitShape<typeof ModelSchema>, Message>;

const longestList = 400;

/**
 * The configured models with the state of their deployments, in the order of the config. NOT_FOUND for a provider
 * that none of them has.
 * @param provider empty: all
 */
export function modelsView(
  catalog: Catalog,
  provider: string,
  snapshots: readonly DeploymentSnapshot[],
  facts: { readonly clock: Clock; readonly simulated: boolean },
): ModelInit[] {
  const all = [...catalog.models.values()];
  const wanted = provider === "" ? all : all.filter((model) => model.provider === provider);
  if (wanted.length === 0 && provider !== "") throw unknownProvider(provider, all);
  const byModel = Map.groupBy(snapshots, ({ deployment }) => deployment.model);
  return wanted.map((model) => modelView(model, byModel.get(model.id) ?? [], facts));
}

function modelView(
  model: Model,
  snapshots: readonly DeploymentSnapshot[],
  { clock, simulated }: { readonly clock: Clock; readonly simulated: boolean },
): ModelInit {
  return {
    id: model.id,
    provider: model.provider,
    displayName: model.displayName,
    contextWindowTokens: model.contextWindowTokens ?? 0,
    maxOutputTokens: model.maxOutputTokens ?? 0,
    capabilities: [...(model.capabilities ?? [])],
    tiers: model.tiers.map(toTier),
    ...(model.price === undefined ? {} : { pricing: pricingOf(model.price) }),
    availability: availabilityOf(snapshots),
    deployments: snapshots.map((snapshot) => deploymentHealth(snapshot, clock)),
    simulated: simulated && snapshots.length > 0,
  };
}

function pricingOf(price: Price): NonNullable<ModelInit["pricing"]> {
  return {
    inputNanosUsdPerMillion: price.inputNanosPerMTok,
    cachedInputNanosUsdPerMillion: price.cachedInputNanosPerMTok ?? price.inputNanosPerMTok,
    outputNanosUsdPerMillion: price.outputNanosPerMTok,
  };
}

function availabilityOf(snapshots: readonly DeploymentSnapshot[]): ModelAvailability {
  if (!snapshots.some(isReady)) return ModelAvailability.UNAVAILABLE;
  return snapshots.every(isReady) ? ModelAvailability.AVAILABLE : ModelAvailability.DEGRADED;
}

function unknownProvider(provider: string, models: readonly Model[]): RpcError {
  const providers = [...new Set(models.map((model) => model.provider))];
  const suggestions = closestNames(provider, providers).join(", ");
  const list = clipText(providers.join(", "), longestList);
  return new RpcError(
    "NOT_FOUND",
    clipText(`there is no provider ${JSON.stringify(provider)}; there are ${list}`, longestList),
    [
      errorInfo("MODEL_NOT_FOUND", suggestions === "" ? {} : { suggestions }),
      {
        schema: ResourceInfoSchema,
        value: {
          resourceType: "provider",
          resourceName: provider,
          description: `configured providers: ${list}`,
        },
      },
    ],
  );
}
