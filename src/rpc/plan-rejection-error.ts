import {
  BadRequestSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import type { CallFacts } from "../routing/call-facts.ts";
import { estimatedCostNanos } from "../routing/eligible.ts";
import type { ExcludedCandidate, PlanRejection, ProviderModels } from "../routing/plan.ts";
import { clipText } from "./clip-text.ts";
import { decidedError } from "./decided-error.ts";
import type { DecidedErrorParts } from "./decided-error.ts";
import { errorInfo } from "./error-info.ts";
import { RpcError } from "./rpc-error.ts";
import type { RouteDecision } from "../../gen/switchyard/v1/routing_pb.ts";

/** Lists of names are clipped: the status must stay small. */
const longestList = 400;

/** How a call fails for which there is no plan: nothing was sent anywhere. */
export function planRejectionError(
  rejection: PlanRejection,
  facts: CallFacts,
  decision: RouteDecision,
): RpcError {
  return decidedError(partsOf(rejection, facts), decision);
}

/** The same for a dry run, which has no decision. */
export function explainedRejection(rejection: PlanRejection, facts: CallFacts): RpcError {
  const { code, message, details } = partsOf(rejection, facts);
  return new RpcError(code, message, details);
}

function partsOf(rejection: PlanRejection, facts: CallFacts): DecidedErrorParts {
  switch (rejection.kind) {
    case "unknown-model":
      return notFound("model", rejection.name, rejection.suggestions, served(rejection.provider));
    case "unknown-deployment":
      return notFound("deployment", rejection.name, rejection.suggestions, "deployments are model@upstream");
    case "empty-tier":
      return notFound("tier", rejection.tier, [], "no model is configured for this tier");
    case "no-canary":
      return {
        code: "FAILED_PRECONDITION",
        message: "routing.canary requires the canary, but this target has none: leave it out",
        details: [errorInfo("NO_DEPLOYMENT_AVAILABLE", metadataOf(facts))],
      };
    case "all-excluded":
      return allExcluded(rejection.skip, rejection.excluded, facts);
  }
}

function notFound(
  type: "model" | "deployment" | "tier",
  name: string,
  suggestions: readonly string[],
  description: string,
): DecidedErrorParts {
  const hint = suggestions.length === 0 ? description : `did you mean ${suggestions.join(" or ")}?`;
  const metadata: Record<string, string> = { model: name, attempts: "0" };
  if (suggestions.length > 0) metadata["suggestions"] = clipText(suggestions.join(", "), longestList);
  return {
    code: "NOT_FOUND",
    message: `no ${type} named ${JSON.stringify(name)} is configured; ${hint}`,
    details: [
      errorInfo("MODEL_NOT_FOUND", metadata),
      {
        schema: ResourceInfoSchema,
        value: { resourceType: type, resourceName: name, description: clipText(description, longestList) },
      },
    ],
  };
}

function served({ provider, models, providers }: ProviderModels): string {
  return models.length > 0
    ? `${provider} has ${models.join(", ")}`
    : `there is no provider ${JSON.stringify(provider)}; there are ${providers.join(", ")}`;
}

function allExcluded(
  skip: ExcludedCandidate["skip"],
  excluded: readonly ExcludedCandidate[],
  facts: CallFacts,
): DecidedErrorParts {
  switch (skip) {
    case "capability":
      return unsupported(excluded, facts);
    case "context-too-long":
      return tooLong(excluded, facts);
    case "over-budget":
      return tooDear(excluded, facts);
    case "breaker-open":
    case "keys-exhausted":
    case "keys-quarantined":
    case "at-capacity":
    case "draining":
    case "deadline":
      // No plan rules out for these, which pass by themselves; a run may.
      return {
        code: "UNAVAILABLE",
        message: "no deployment can take the call now",
        details: [errorInfo("NO_DEPLOYMENT_AVAILABLE", metadataOf(facts))],
      };
  }
}

function unsupported(excluded: readonly ExcludedCandidate[], facts: CallFacts): DecidedErrorParts {
  const named = excluded[0]?.model;
  const missing = [...facts.requiredCapabilities].filter(
    (capability) => named?.capabilities?.has(capability) === false,
  );
  const list = missing.join(", ");
  return {
    code: "FAILED_PRECONDITION",
    message:
      facts.target.kind === "tier"
        ? `no model of tier ${facts.target.tier} can do all of ${[...facts.requiredCapabilities].join(", ")}`
        : `${named?.id ?? "this model"} cannot do ${list}: name a model that can`,
    details: [errorInfo("UNSUPPORTED_CAPABILITY", { ...metadataOf(facts), capabilities: list })],
  };
}

function tooLong(excluded: readonly ExcludedCandidate[], facts: CallFacts): DecidedErrorParts {
  const window = Math.max(...excluded.map(({ model }) => model.contextWindowTokens ?? 0));
  const needs = facts.inputTokens.atLeast + (facts.maxOutputTokens ?? 0);
  const description =
    `needs at least ${needs} tokens (prompt and max_output_tokens), the largest context window here has ` +
    `${window}: shorten it, or name a model with a larger one`;
  return {
    code: "INVALID_ARGUMENT",
    message: `the request ${description}`,
    details: [
      errorInfo("CONTEXT_LENGTH_EXCEEDED", {
        ...metadataOf(facts),
        context_window_tokens: `${window}`,
        needed_tokens: `${needs}`,
      }),
      { schema: BadRequestSchema, value: { fieldViolations: [{ field: "input.messages", description }] } },
    ],
  };
}

function tooDear(excluded: readonly ExcludedCandidate[], facts: CallFacts): DecidedErrorParts {
  const estimates = excluded.flatMap(({ model }) => estimatedCostNanos(model, facts) ?? []);
  const cheapest = estimates.toSorted((a, b) => (a < b ? -1 : 1))[0];
  const limit = facts.maxCostNanos ?? 0n;
  const description =
    cheapest === undefined
      ? `is ${limit} nano-USD, and no candidate has a known price`
      : `is ${limit} nano-USD, the cheapest candidate is estimated at ${cheapest}`;
  return {
    code: "RESOURCE_EXHAUSTED",
    message: `routing.max_cost_nanos_usd ${description}: raise it, or name a cheaper model`,
    details: [
      errorInfo("CALLER_QUOTA_EXHAUSTED", metadataOf(facts)),
      {
        schema: QuotaFailureSchema,
        value: { violations: [{ subject: "routing.max_cost_nanos_usd", description }] },
      },
    ],
  };
}

function metadataOf({ target }: CallFacts): Record<string, string> {
  switch (target.kind) {
    case "tier":
      return { model: "", tier: target.tier, attempts: "0" };
    case "model":
      return { model: target.model, attempts: "0" };
    case "deployment":
      return { model: target.deployment, attempts: "0" };
  }
}
