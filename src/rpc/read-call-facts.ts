import type { ChatRequest } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { CanaryMode, FallbackMode } from "../../gen/switchyard/v1/routing_pb.ts";
import type { RoutingOptions, Target } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CallFacts, CallTarget, FallbackMode as Fallback, InputTokens } from "../routing/call-facts.ts";
import { capabilities } from "../routing/catalog.ts";
import type { Capability, TierName } from "../routing/catalog.ts";
import { countInputTokens } from "../upstream/estimate-tokens.ts";
import { tierNameOf } from "./contract-enums.ts";
import { requiredCapabilities } from "./required-capabilities.ts";
import type { FieldProblem } from "./validate-message.ts";

/** What Chat, ChatStream and ExplainRoute share. */
export type CallRequest = Pick<ChatRequest, "target" | "input" | "routing">;

/** What a request does not say by itself. */
export interface CallFactsContext {
  readonly defaultTier: TierName;
  /** Unique to the call. */
  readonly requestId: string;
  /** Stands in for a prompt that is not at hand. */
  readonly inputTokens?: InputTokens | undefined;
}

/** What routing may know of a request, or what is wrong with it. */
export type CallFactsResult =
  | { readonly kind: "read"; readonly facts: CallFacts }
  | { readonly kind: "invalid"; readonly problems: readonly FieldProblem[] };

const nothing: InputTokens = { estimate: 0, atLeast: 0 };

/** Turns a valid request into the facts that a plan is made from. */
export function readCallFacts(request: CallRequest, context: CallFactsContext): CallFactsResult {
  const { input, routing } = request;
  if (routing !== undefined) {
    const problems = routingProblems(routing);
    if (problems.length > 0) return { kind: "invalid", problems };
  }
  return {
    kind: "read",
    facts: {
      target: targetOf(request.target, context.defaultTier),
      fallback: fallbackOf(routing),
      onContentFilter: routing?.fallback?.onContentFilter ?? false,
      requiredCapabilities: requiredCapabilities(input, routing?.requiredCapabilities.filter(isCapability)),
      inputTokens: input === undefined ? (context.inputTokens ?? nothing) : countInputTokens(input),
      maxOutputTokens: input?.generationConfig?.maxOutputTokens,
      maxCostNanos: routing?.maxCostNanosUsd,
      canary: canaryOf(routing?.canary),
      // An empty key would put all who send it into one bucket.
      affinityKey: routing?.affinityKey === "" ? undefined : routing?.affinityKey,
      requestId: context.requestId,
    },
  };
}

function routingProblems(routing: RoutingOptions): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [index, word] of routing.requiredCapabilities.entries()) {
    if (isCapability(word)) continue;
    const field = `routing.required_capabilities[${index}]`;
    problems.push({ field, description: `must be one of ${capabilities.join(", ")}` });
  }
  const { fallback } = routing;
  if (fallback !== undefined && fallback.models.length > 0 && fallback.mode !== FallbackMode.CHAIN) {
    const description = "needs mode FALLBACK_MODE_CHAIN to be obeyed";
    problems.push({ field: "routing.fallback.models", description });
  }
  return problems;
}

function isCapability(word: string): word is Capability {
  return (capabilities as readonly string[]).includes(word);
}

function targetOf(wanted: Target | undefined, defaultTier: TierName): CallTarget {
  const target = wanted?.target;
  switch (target?.case) {
    case "model":
      return { kind: "model", model: target.value };
    case "deployment":
      return { kind: "deployment", deployment: target.value };
    case "tier":
      return { kind: "tier", tier: tierNameOf(target.value) ?? defaultTier };
    case undefined:
      return { kind: "tier", tier: defaultTier };
  }
}

function fallbackOf(routing: RoutingOptions | undefined): Fallback {
  switch (routing?.fallback?.mode) {
    case FallbackMode.NONE:
      return { kind: "none" };
    case FallbackMode.SAME_MODEL:
      return { kind: "same-model" };
    case FallbackMode.CHAIN:
      return { kind: "chain", models: routing.fallback.models };
    default:
      return { kind: "configured" };
  }
}

function canaryOf(mode: CanaryMode | undefined): CallFacts["canary"] {
  switch (mode) {
    case CanaryMode.EXCLUDE:
      return "exclude";
    case CanaryMode.REQUIRE:
      return "require";
    default:
      return "assigned";
  }
}
