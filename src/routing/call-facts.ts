import type { Capability, TierName } from "./catalog.ts";

/** What the caller asked to have served. */
export type CallTarget =
  | { readonly kind: "tier"; readonly tier: TierName }
  | { readonly kind: "model"; readonly model: string }
  | { readonly kind: "deployment"; readonly deployment: string };

/** How far the caller lets a call move away from its target. */
export type FallbackMode =
  | { readonly kind: "configured" }
  | { readonly kind: "none" }
  | { readonly kind: "same-model" }
  | { readonly kind: "chain"; readonly models: readonly string[] };

/** Everything that routing knows of a call; the prompt itself is not among it. */
export interface CallFacts {
  readonly target: CallTarget;
  readonly fallback: FallbackMode;
  /** Also reroute what an upstream refused for its content. */
  readonly onContentFilter: boolean;
  readonly requiredCapabilities: ReadonlySet<Capability>;
  readonly inputTokens: InputTokens;
  /** As the caller limits it; undefined where it does not. */
  readonly maxOutputTokens: number | undefined;
  /** Candidates whose estimate is over this are skipped. Nano-USD. */
  readonly maxCostNanos: bigint | undefined;
  readonly canary: "assigned" | "exclude" | "require";
  /** Same key, same arm. Undefined: `requestId` decides. */
  readonly affinityKey: string | undefined;
  /** Unique to the call. */
  readonly requestId: string;
}

/** Tokens of the prompt, counted without the model's tokenizer. */
export interface InputTokens {
  /** The best guess: prices the call before it is made. */
  readonly estimate: number;
  /** Surely not fewer: only this may rule a model out, since a guess must not refuse what an upstream would take. */
  readonly atLeast: number;
}
