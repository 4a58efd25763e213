import { describe, expect, it } from "vitest";
import type { KeyFile } from "../../src/config/key-file.ts";
import { createKeyFileReader, readLimitMs } from "../../src/upstream/key-file-reader.ts";
import { createManualClock } from "../support/manual-clock.ts";

const text: KeyFile = { kind: "text", text: "a key" };

describe("a reader of key files", () => {
  it("hands on what the file holds, and leaves no timer", async () => {
    const clock = createManualClock();
    const read = createKeyFileReader(clock.setTimer, () => Promise.resolve(text));
    expect(await read("/key")).toEqual(text);
    expect(clock.pendingTimers()).toBe(0);
  });

  it("gives up on a file that hangs, and never reads it twice at a time", async () => {
    const clock = createManualClock();
    const begun: string[] = [];
    const hung = Promise.withResolvers<KeyFile>();
    const read = createKeyFileReader(clock.setTimer, (path) => {
      begun.push(path);
      return path === "/hangs" ? hung.promise : Promise.resolve(text);
    });
    for (let look = 0; look < 3; look++) {
      const reading = read("/hangs");
      await clock.advance(readLimitMs);
      expect(await reading).toMatchObject({ kind: "unreadable" });
      expect(await read("/key")).toEqual(text);
    }
    expect(begun.filter((path) => path === "/hangs")).toHaveLength(1);
    const reading = read("/hangs");
    hung.resolve(text);
    expect(await reading).toEqual(text);
    await read("/hangs");
    expect(begun.filter((path) => path === "/hangs")).toHaveLength(2);
  });
});
