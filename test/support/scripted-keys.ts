import type { Failure } from "../../src/routing/failure.ts";
import type { KeyPool } from "../../src/upstream/key-pool.ts";

/** Keys that are picked in order and always usable; what they are settled with is kept. */
export interface ScriptedKeys {
  readonly pool: KeyPool;
  readonly settled: { readonly keyId: string; readonly failure: Failure | undefined }[];
  readonly leased: () => number;
}

export function createScriptedKeys(ids: readonly string[]): ScriptedKeys {
  const settled: { readonly keyId: string; readonly failure: Failure | undefined }[] = [];
  const keys = ids.map((id) => ({ id }));
  let leased = 0;
  return {
    settled,
    leased: () => leased,
    pool: {
      size: ids.length,
      pick: (_model, exclude) => {
        const key = keys.find((candidate) => !exclude.has(candidate));
        if (key === undefined) return undefined;
        leased += 1;
        let over = false;
        return {
          key,
          settle: (failure) => {
            if (over) throw new Error("a lease was settled twice");
            over = true;
            leased -= 1;
            settled.push({ keyId: key.id, failure });
          },
        };
      },
      blocked: () => undefined,
      snapshot: () => [],
    },
  };
}
