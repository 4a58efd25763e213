import type { EndedDecision } from "../rpc/decision-feed.ts";

/** What a worker asks the others, to answer for all of them. */
export type PeerQuestion =
  /** Calls under way, by deployment. */
  | { readonly kind: "in-flight" }
  /** Metrics in Prometheus' text format. */
  | { readonly kind: "metrics" }
  /** The last decisions, newest first. */
  | { readonly kind: "decisions"; readonly count: number }
  /** Writes what is recorded by now to the ledger. */
  | { readonly kind: "flush" };

export type PeerAnswer =
  | { readonly kind: "in-flight"; readonly calls: ReadonlyMap<string, number> }
  | { readonly kind: "metrics"; readonly text: string }
  | { readonly kind: "decisions"; readonly decisions: readonly EndedDecision[] }
  | { readonly kind: "flushed" };
