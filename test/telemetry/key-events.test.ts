import { describe, expect, it } from "vitest";
import { createKeyEvents } from "../../src/telemetry/key-events.ts";
import { createLog } from "../../src/telemetry/log.ts";

type Line = Readonly<Record<string, unknown>>;

function linesOf(tell: (events: ReturnType<typeof createKeyEvents>) => void): readonly Line[] {
  const lines: Line[] = [];
  tell(createKeyEvents(createLog("info", { write: (line) => void lines.push(JSON.parse(line)) })));
  return lines;
}

describe("the log of keys", () => {
  it("tells in one line what changed at an upstream, by ids", () => {
    const changes = { added: ["c"], retired: ["a"], rotated: ["b"], order: ["c", "b"] };
    expect(linesOf((events) => events.changed("one", changes, "file"))).toMatchObject([
      {
        level: "info",
        event: "keys",
        upstream: "one",
        trigger: "file",
        ...changes,
        msg: "the keys of one changed: added c; retired a; new secret for b",
      },
    ]);
    const moved = { added: [], retired: [], rotated: [], order: ["b", "a"] };
    expect(linesOf((events) => events.changed("one", moved, "signal"))).toMatchObject([
      { msg: "the keys of one changed: the order is b, a" },
    ]);
  });

  it("warns of a key whose source holds none", () => {
    expect(linesOf((events) => events.kept("one", "a", "names a file that is empty", "file"))).toMatchObject([
      { level: "warn", event: "key-kept", upstream: "one", key_id: "a", trigger: "file" },
    ]);
  });

  it("never leaves unsaid what of a changed configuration needs a restart", () => {
    const tell = (needsRestart: readonly string[], warnings: readonly string[] = []): readonly Line[] =>
      linesOf((events) => events.reloaded({ revision: "abc", needsRestart }, warnings, "signal"));
    expect(tell([])).toMatchObject([{ level: "info", event: "reload", config: "abc", needs_restart: [] }]);
    expect(tell(["retry", "limits"], ["the file warns"])).toMatchObject([
      { level: "warn", event: "config", msg: "the file warns" },
      {
        level: "warn",
        event: "reload",
        needs_restart: ["retry", "limits"],
        msg: expect.stringContaining("need a restart: retry, limits"),
      },
    ]);
  });

  it("names every problem of a configuration that is not taken up", () => {
    const problems = [
      { path: "retry.attempts", line: 7, message: "must be a whole number" },
      { path: "OTHER", line: undefined, message: "is not set" },
    ];
    expect(linesOf((events) => events.refused(problems, "signal"))).toMatchObject([
      {
        level: "error",
        event: "reload",
        problems: ["retry.attempts (line 7): must be a whole number", "OTHER: is not set"],
      },
    ]);
  });
});
