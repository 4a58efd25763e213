import type { BudgetAccount } from "../admission/budget-book.ts";
import type { CanaryWord } from "../attempt/canary-word.ts";
import type { PackedKey } from "../config/packed-config.ts";
import type { EndedDecision } from "../rpc/decision-feed.ts";
import type { KeyFact } from "../upstream/key-pool.ts";

/**
 * What one worker learned or was told that the others must know. A duration where it holds for a time: no instant,
 * because the monotonic clocks of two processes differ.
 */
export type PeerFact =
  | { readonly kind: "key"; readonly upstream: string; readonly fact: KeyFact }
  /** The deployment's upstream asked that it be left alone. */
  | { readonly kind: "hold"; readonly deployment: string; readonly ttlMs: number }
  /** An operator's word on the breaker of a deployment. Undefined: closed. */
  | { readonly kind: "breaker"; readonly deployment: string; readonly openMs: number | undefined }
  /** An operator's word on the breaker of an upstream: closed. */
  | { readonly kind: "upstream-breaker"; readonly upstream: string }
  /** Set aside under a number of the worker's own, until it tells what was spent. */
  | {
      readonly kind: "reserved";
      readonly reservation: number;
      readonly account: BudgetAccount;
      readonly nanos: bigint;
    }
  | {
      readonly kind: "spent";
      readonly reservation: number;
      readonly account: BudgetAccount;
      readonly nanos: bigint;
      /** Milliseconds since the epoch. */
      readonly at: number;
    }
  | { readonly kind: "canary"; readonly words: readonly CanaryWord[] }
  /** Somebody watches the decisions at that worker, or nobody does any more. */
  | { readonly kind: "watch"; readonly watched: boolean }
  | { readonly kind: "decision"; readonly ended: EndedDecision }
  /** The primary's: these are the keys of an upstream from now on. */
  | { readonly kind: "keys"; readonly upstream: string; readonly keys: readonly PackedKey[] };
