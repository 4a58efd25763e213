import { describe, expect, it } from "vitest";
import { reloadAtSignal } from "../../src/cli/reload-at-signal.ts";

function startSignal() {
  const listeners = new Set<() => void>();
  let reloads = 0;
  const signal = reloadAtSignal({
    onHangUp: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  return {
    signal,
    send: () => {
      for (const listener of listeners) listener();
    },
    listeners,
    reloads: () => reloads,
    gateway: {
      reload: async () => {
        reloads += 1;
      },
    },
  };
}

describe("SIGHUP", () => {
  it("has the gateway reload each time, until nobody listens any more", () => {
    const world = startSignal();
    world.signal.serve(world.gateway);
    world.send();
    world.send();
    expect(world.reloads()).toBe(2);
    world.signal.off();
    expect(world.listeners.size).toBe(0);
  });

  it("that comes while the gateway starts is heeded once it stands", () => {
    const world = startSignal();
    world.send();
    world.send();
    world.signal.serve(world.gateway);
    expect(world.reloads()).toBe(1);
  });

  it("that never came reloads nothing", () => {
    const world = startSignal();
    world.signal.serve(world.gateway);
    expect(world.reloads()).toBe(0);
  });
});
