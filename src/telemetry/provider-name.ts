// Where the conventions have a well-known value, it must be used.
const wellKnown: ReadonlyMap<string, string> = new Map([
  ["google", "gcp.gemini"],
  ["mistral", "mistral_ai"],
  ["mistralai", "mistral_ai"],
  ["x-ai", "x_ai"],
  ["xai", "x_ai"],
  ["amazon", "aws.bedrock"],
  ["azure", "azure.ai.openai"],
  ["ibm", "ibm.watsonx.ai"],
]);

/**
 * `gen_ai.provider.name` for the part of a model id before the slash; most are spelt alike.
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/
 */
export function providerName(provider: string): string {
  return wellKnown.get(provider) ?? provider;
}
