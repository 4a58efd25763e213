import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";

/** Carries the active span through awaits and callbacks. */
export function createAsyncContext(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const active = (): Context => storage.getStore() ?? ROOT_CONTEXT;
  const manager: ContextManager = {
    active,
    with: (context, work, self, ...args) => storage.run(context, () => work.call(self, ...args)),
    bind: (context, target) => {
      if (typeof target !== "function") return target;
      const bound = (...args: unknown[]): unknown => storage.run(context, () => target(...args));
      // Same arguments, same result: a function of the same type.
      return bound as typeof target;
    },
    enable: () => manager,
    disable: () => {
      storage.disable();
      return manager;
    },
  };
  return manager;
}
