import { toJsonString } from "@bufbuild/protobuf";
import type { Model } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  GatewayService,
  ListModelsResponseSchema,
  ModelAvailabilitySchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { TierSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { breakerText, upstreamOf } from "./breaker-text.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import { withGateway } from "./connect-gateway.ts";
import { formatUsd } from "./money.ts";
import { formatTable } from "./table.ts";
import { enumWords } from "./words.ts";

export interface ModelsOptions extends CallOptions {
  readonly provider?: string | undefined;
}

const heading = ["MODEL", "IN $/MTOK", "OUT $/MTOK", "TIERS", "STATE", "BREAKERS"];

/** `switchyard models`: what a running gateway serves, by provider. */
export async function runModels(options: ModelsOptions, context: CliContext): Promise<ExitCode> {
  return withGateway(GatewayService, "public", options, context, async (calls) => {
    const response = await calls.listModels({ provider: options.provider ?? "" });
    if (options.json === true) {
      context.stdout.line(toJsonString(ListModelsResponseSchema, response, { prettySpaces: 2 }));
      return 0;
    }
    context.stdout.line(formatModels(response.models, Date.now()));
    return 0;
  });
}

/** A table a provider, in the order in which the gateway lists them. */
function formatModels(models: readonly Model[], nowMs: number): string {
  if (models.length === 0) return "no models";
  const providers = Map.groupBy(models, ({ provider }) => provider);
  const rows = [...providers.values()].flat().map((model) => modelRow(model, nowMs));
  const [head = "", ...lines] = formatTable([heading, ...rows], "  ").split("\n");
  const sections = [...providers].map(
    ([provider, { length }]) => `${provider}\n${lines.splice(0, length).join("\n")}`,
  );
  const simulated = models.some((model) => model.simulated);
  return [
    head,
    ...sections,
    ...(simulated
      ? ["", "simulated: answers come from the built-in simulator, not from a model (no upstream has a key)"]
      : []),
  ].join("\n");
}

function modelRow(model: Model, nowMs: number): readonly string[] {
  const { pricing, deployments } = model;
  const availability = enumWords(ModelAvailabilitySchema, model.availability);
  return [
    model.id,
    pricing === undefined ? "unpriced" : formatUsd(pricing.inputNanosUsdPerMillion),
    pricing === undefined ? "unpriced" : formatUsd(pricing.outputNanosUsdPerMillion),
    model.tiers.map((tier) => enumWords(TierSchema, tier)).join(", ") || "-",
    model.simulated ? `${availability}, simulated` : availability,
    deployments
      .map((health) => `${upstreamOf(health.deployment)}: ${breakerText(health, nowMs)}`)
      .join("; ") || "no deployment",
  ];
}
