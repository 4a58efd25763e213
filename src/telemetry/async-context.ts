import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";

/** The context of work that runs at this moment and is over before anything else runs. */
let brief: Context | undefined;

/**
 * Runs work inside this context that is over when it returns; what it leaves for later runs in the context around it.
 * `context.with` carries the context on, for which Node copies a Map each time.
 */
export function runBriefly(context: Context, work: () => void): void {
  const around = brief;
  brief = context;
  try {
    work();
  } finally {
    brief = around;
  }
}

/** Carries the active span through awaits and callbacks. */
export function createAsyncContext(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const run = <A extends unknown[], T>(context: Context, work: (...args: A) => T, args: A): T => {
    const around = brief;
    brief = undefined;
    try {
      return storage.run(context, work, ...args);
    } finally {
      brief = around;
    }
  };
  const manager: ContextManager = {
    active: () => brief ?? storage.getStore() ?? ROOT_CONTEXT,
    // Hardly ever is there a `this`: no function is made for what has none.
    with: (context, work, self, ...args) => run(context, self === undefined ? work : work.bind(self), args),
    bind: (context, target) => {
      if (typeof target !== "function") return target;
      const bound = (...args: unknown[]): unknown => run(context, () => target(...args), []);
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
