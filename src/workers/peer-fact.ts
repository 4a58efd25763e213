import type { BudgetAccount } from "../admission/budget-book.ts";
import type { KeyFact } from "../upstream/key-pool.ts";

/**
 * What one worker learned or was told that the others must know. A duration where it holds for a time: no instant,
 * because the monotonic clocks of two processes differ.
 */
export type PeerFact =
  | { readonly kind: "key"; readonly upstream: string; readonly fact: KeyFact }
  /** The deployment's upstream asked that it be left alone. */
  | { readonly kind: "hold"; readonly deployment: string; readonly ttlMs: number }
  /** An operator's word. Undefined: the breaker is closed, and its upstream's with it. */
  | { readonly kind: "breaker"; readonly deployment: string; readonly openMs: number | undefined }
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
    };
