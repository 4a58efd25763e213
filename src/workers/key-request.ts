import type { ConfigReread, KeyDesk, KeyRotated } from "../upstream/key-rotation.ts";

/** What an operator asks of a worker and only the primary can do, which reads keys and configuration for all. */
export type KeyRequest =
  | { readonly kind: "rotate"; readonly upstream: string; readonly keyId: string }
  | { readonly kind: "reload" }
  | { readonly kind: "compare" };

export type KeyAnswer = KeyRotated | ConfigReread;

/** A worker's requests to its primary. */
export interface KeyRequests {
  readonly desk: KeyDesk;
  readonly answered: (id: number, answer: KeyAnswer) => void;
  /** The primary is gone, and answers nothing any more. */
  readonly end: () => void;
}

const gone = "cannot be read: the process that reads it is gone";

/** @param send to the primary */
export function createKeyRequests(send: (id: number, request: KeyRequest) => void): KeyRequests {
  const asked = new Map<number, (answer: KeyAnswer | undefined) => void>();
  let requests = 0;
  let over = false;

  const ask = (request: KeyRequest): Promise<KeyAnswer | undefined> => {
    if (over) return Promise.resolve(undefined);
    const id = (requests += 1);
    const { promise, resolve } = Promise.withResolvers<KeyAnswer | undefined>();
    asked.set(id, resolve);
    send(id, request);
    return promise;
  };
  const reread = async (request: KeyRequest): Promise<ConfigReread> => {
    const answer = await ask(request);
    if (answer?.kind === "valid" || answer?.kind === "invalid") return answer;
    return {
      kind: "invalid",
      problems: [{ path: "", line: undefined, message: `the configuration ${gone}` }],
    };
  };

  return {
    desk: {
      rotate: async (upstream, keyId) => {
        const answer = await ask({ kind: "rotate", upstream, keyId });
        return answer?.kind === "read" || answer?.kind === "kept" || answer?.kind === "unknown"
          ? answer
          : { kind: "kept", why: gone };
      },
      reload: () => reread({ kind: "reload" }),
      compare: () => reread({ kind: "compare" }),
    },
    answered: (id, answer) => {
      asked.get(id)?.(answer);
      asked.delete(id);
    },
    end: () => {
      over = true;
      for (const resolve of asked.values()) resolve(undefined);
      asked.clear();
    },
  };
}
