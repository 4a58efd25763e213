import type { Catalog } from "../../../src/routing/catalog.ts";
import { sampleCatalog, sampleModel } from "../routing-samples.ts";

export const upstreamNames = ["one", "two", "three"] as const;
export const modelIds = ["acme/a", "acme/b", "beta/c", "beta/d"] as const;

/** The deployment that a canary tries: of the one model that stands at both of its upstreams. */
export const canaryDeployment = "acme/a@two";

/** The catalog with a canary of this share, in basis points; without one where it is undefined. */
export function worldCatalogWith(share: number | undefined): Catalog {
  if (share === undefined) return worldCatalog;
  return { ...worldCatalog, canary: { stable: "one", canary: "two", weightBasisPoints: share } };
}

/** USD for a million tokens. */
function price(input: bigint, output: bigint) {
  const nanos = 1_000_000_000n;
  return {
    inputNanosPerMTok: input * nanos,
    cachedInputNanosPerMTok: undefined,
    outputNanosPerMTok: output * nanos,
  };
}

/** Differ in everything that a hard filter asks for. */
export const worldCatalog: Catalog = sampleCatalog(
  [
    sampleModel("acme/a", ["one", "two"], { price: price(1n, 2n) }),
    sampleModel("acme/b", ["two"], {
      price: price(3n, 15n),
      contextWindowTokens: 4000,
      capabilities: new Set(["tools"]),
    }),
    sampleModel("beta/c", ["three", "one"], {
      price: price(1n, 1n),
      contextWindowTokens: 100_000,
      capabilities: new Set(["tools", "vision"]),
    }),
    sampleModel("beta/d", ["one"], { capabilities: new Set() }),
  ],
  {
    tiers: {
      simple: ["acme/a", "acme/b"],
      standard: ["acme/b", "beta/c"],
      advanced: ["beta/c", "acme/a", "beta/d"],
    },
    fallback: { unavailable: ["beta/c"], rateLimited: ["acme/b", "beta/d"], contextTooLong: ["beta/c"] },
  },
);
