import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAsyncContext, runBriefly } from "../../src/telemetry/async-context.ts";

const key = createContextKey("name");
const named = (name: string) => ROOT_CONTEXT.setValue(key, name);
const here = (): unknown => context.active().getValue(key);

beforeEach(() => void context.setGlobalContextManager(createAsyncContext()));
afterEach(() => context.disable());

describe("a context that work runs in", () => {
  it("goes on through awaits, callbacks and functions that are bound to it", async () => {
    const bound = context.bind(named("bound"), here);
    const seen = await context.with(named("call"), async () => {
      await Promise.resolve();
      return [here(), bound(), here()];
    });
    expect(seen).toEqual(["call", "bound", "call"]);
    expect(here()).toBeUndefined();
  });
});

describe("a context that work runs in briefly", () => {
  it("is over when the work returns or throws", () => {
    const seen: unknown[] = [];
    context.with(named("call"), () => {
      runBriefly(named("brief"), () => seen.push(here()));
      seen.push(here());
      expect(() =>
        runBriefly(named("brief"), () => {
          throw new Error("broken");
        }),
      ).toThrow("broken");
      seen.push(here());
    });
    expect(seen).toEqual(["brief", "call", "call"]);
  });

  it("gives way to one that work inside it runs in, and comes back", () => {
    const seen: unknown[] = [];
    const bound = context.bind(named("bound"), here);
    runBriefly(named("brief"), () => {
      context.with(named("with"), () => seen.push(here()));
      runBriefly(named("briefer"), () => seen.push(here()));
      seen.push(context.with(ROOT_CONTEXT, here), bound(), here());
    });
    expect(seen).toEqual(["with", "briefer", undefined, "bound", "brief"]);
  });

  it("is not that of what the work leaves for later", async () => {
    const seen = await context.with(named("call"), async () => {
      let later: Promise<unknown> | undefined;
      runBriefly(named("brief"), () => {
        later = Promise.resolve().then(here);
      });
      return [here(), await later];
    });
    expect(seen).toEqual(["call", "call"]);
  });
});
