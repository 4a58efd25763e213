import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Config, ConfigResult } from "../../src/config/config.ts";
import type { KeyFile } from "../../src/config/key-file.ts";
import { createKeyRotation, type KeyRotation } from "../../src/upstream/key-rotation.ts";
import { pollMs, settleMs } from "../../src/upstream/watch-key-files.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { anyKey, configOf, parse } from "../support/parsed-config.ts";

const cwd = "/srv";
const env = { ENV_KEY: `${anyKey}-env`, SPARE_KEY: `${anyKey}-spare` };
const first = `${anyKey}-first`;
const second = `${anyKey}-second`;
const third = `${anyKey}-third`;

const text = (keys = "{ id: a, file: run/a }, { id: b, file: /run/b }", more = ""): string => `
upstreams:
  one: { baseUrl: "https://one.example/v1", keys: [${keys}] }
  two: { baseUrl: "https://two.example/v1", keys: [{ id: a, env: ENV_KEY }] }
models:
  acme/both: { upstreams: [one, two] }
tiers: { standard: [acme/both] }
${more}`;

interface RotationWorld {
  readonly clock: ManualClock;
  readonly rotation: KeyRotation;
  /** By absolute path; a missing one does not exist. */
  readonly files: Map<string, string>;
  /** Paths that are pipes. */
  readonly pipes: Set<string>;
  /** While set, reading waits for it and returns what the file held before. */
  slow: Promise<void> | undefined;
  yaml: string;
  /** What is sent as `one/a`, and so on. */
  readonly serving: () => Readonly<Record<string, string>>;
  /** How often keys were replaced. */
  readonly replaced: string[];
  /** Every line of the log, as far as it has one. */
  readonly events: unknown[];
  readonly changed: (path: string, content: string) => Promise<void>;
}

function startRotation(yaml = text()): RotationWorld {
  const clock = createManualClock();
  const files = new Map([
    ["/srv/run/a", first],
    ["/run/b", first],
  ]);
  const pipes = new Set<string>();
  const replaced: string[] = [];
  const events: unknown[] = [];
  const absolute = (path: string): string => (path.startsWith("/") ? path : `${cwd}/${path}`);
  const config: Config = configOf(yaml, env, Object.fromEntries([...files, ["run/a", first]]));
  const serving = new Map(
    [...config.upstreams].map(([name, { keys }]) => [
      name,
      new Map(keys.map(({ id, secret }) => [id, secret.reveal()])),
    ]),
  );
  let tell: (name: string | null) => void = () => undefined;
  const world: RotationWorld = {
    clock,
    files,
    pipes,
    slow: undefined,
    yaml,
    replaced,
    events,
    serving: () =>
      Object.fromEntries(
        [...serving].flatMap(([name, keys]) => [...keys].map(([id, secret]) => [`${name}/${id}`, secret])),
      ),
    changed: async (path, content) => {
      files.set(path, content);
      tell(null);
      await clock.advance(2 * settleMs);
    },
    rotation: createKeyRotation({
      config,
      env,
      cwd,
      upstreams: new Map(
        [...config.upstreams.keys()].map((name) => [
          name,
          {
            replaceKeys: (keys) => {
              replaced.push(name);
              serving.set(name, new Map(keys.map(({ id, secret }) => [id, secret.reveal()])));
            },
          },
        ]),
      ),
      readConfig: (keyText): ConfigResult => {
        const held = Object.fromEntries(
          ["run/a", "/run/b", "/run/c"].flatMap((path): [string, string][] => {
            const content = keyText?.(path) ?? files.get(absolute(path));
            return content === undefined ? [] : [[path, content]];
          }),
        );
        return parse(world.yaml, env, held);
      },
      setTimer: clock.setTimer,
      watchFolder: (_, onChange) => {
        tell = onChange;
        return () => undefined;
      },
      readKeyFile: async (path): Promise<KeyFile> => {
        const content = files.get(path);
        await world.slow;
        if (pipes.has(path)) return { kind: "unrepeatable" };
        return content === undefined
          ? { kind: "unreadable", error: Object.assign(new Error("no such file"), { code: "ENOENT" }) }
          : { kind: "text", text: content };
      },
      events: {
        changed: (upstream, { added, retired, rotated }, trigger) =>
          events.push({ upstream, trigger, added, retired, rotated }),
        kept: (upstream, keyId, why, trigger) => events.push({ upstream, trigger, kept: keyId, why }),
        reloaded: ({ needsRestart }, warnings, trigger) => events.push({ trigger, needsRestart, warnings }),
        refused: (problems, trigger) => events.push({ trigger, refused: problems.map(({ path }) => path) }),
      },
    }),
  };
  return world;
}

const rotated = (id: string, trigger: string, upstream = "one") => ({
  upstream,
  trigger,
  added: [],
  retired: [],
  rotated: [id],
});

describe("a key's file that changes", () => {
  it("is taken up soon where the system tells of it, with one line, and the other keys stay", async () => {
    const world = startRotation();
    await world.changed("/srv/run/a", ` ${second}\n`);
    expect(world.serving()).toMatchObject({ "one/a": second, "one/b": first });
    expect(world.events).toEqual([rotated("a", "file")]);
    await world.clock.advance(5 * pollMs);
    expect(world.replaced).toEqual(["one"]);
  });

  it("is taken up within seconds where the system tells nothing", async () => {
    const world = startRotation();
    await world.clock.advance(pollMs / 2);
    world.files.set("/run/b", second);
    await world.clock.advance(pollMs + settleMs);
    expect(world.serving()).toMatchObject({ "one/b": second });
    expect(world.events).toEqual([rotated("b", "file")]);
  });

  it("is believed once it stays the same: an empty or half written one is never used, and not warned of", async () => {
    const world = startRotation();
    world.files.set("/srv/run/a", "");
    await world.clock.advance(settleMs);
    world.files.set("/srv/run/a", second.slice(0, -3));
    await world.clock.advance(settleMs);
    expect(world.events).toEqual([]);
    world.files.set("/srv/run/a", second);
    await world.clock.advance(2 * settleMs);
    expect(world.serving()).toMatchObject({ "one/a": second });
    expect(world.events).toEqual([rotated("a", "file")]);
  });

  it("changes nothing where it is written again with the same key", async () => {
    const world = startRotation();
    await world.changed("/srv/run/a", `${first}\r\n`);
    await world.clock.advance(pollMs);
    expect([world.replaced, world.events]).toEqual([[], []]);
  });

  for (const { name, content, why } of [
    { name: "empty", content: "", why: /empty/ },
    { name: "malformed", content: "two words", why: /space/ },
    { name: "too short", content: "hidden-short", why: /shorter/ },
    { name: "gone", content: undefined, why: /does not exist/ },
  ]) {
    it(`keeps the key it held while it is ${name}, with one warning that shows nothing of it`, async () => {
      const world = startRotation();
      if (content === undefined) world.files.delete("/srv/run/a");
      else world.files.set("/srv/run/a", content);
      await world.clock.advance(10 * pollMs);
      expect(world.serving()).toMatchObject({ "one/a": first });
      expect(world.events).toEqual([
        { upstream: "one", trigger: "file", kept: "a", why: expect.stringMatching(why) },
      ]);
      expect(JSON.stringify(world.events)).not.toMatch(/two words|hidden/);
      await world.changed("/srv/run/a", second);
      expect(world.serving()).toMatchObject({ "one/a": second });
      // What goes wrong once more is told once more.
      await world.changed("/srv/run/a", "");
      expect(world.events.slice(1)).toEqual([
        rotated("a", "file"),
        { upstream: "one", trigger: "file", kept: "a", why: expect.stringMatching(/empty/) },
      ]);
    });
  }

  it("that is no file but a pipe keeps the key it held, without a warning", async () => {
    const world = startRotation();
    world.pipes.add("/srv/run/a");
    await world.clock.advance(5 * pollMs);
    expect(await world.rotation.rotate("one", "a")).toEqual({ kind: "read" });
    await world.rotation.reload("signal");
    expect(world.serving()).toMatchObject({ "one/a": first });
    expect(world.events).toEqual([{ trigger: "signal", needsRestart: [], warnings: [] }]);
  });

  it("is not looked at any more once the rotation is closed", async () => {
    const world = startRotation();
    world.rotation.close();
    await world.changed("/srv/run/a", second);
    await world.clock.advance(5 * pollMs);
    expect([world.events, world.clock.pendingTimers()]).toEqual([[], 0]);
  });
});

describe("the rotation of one key", () => {
  it("reads its source at once and that of no other, and tells of it once", async () => {
    const world = startRotation();
    world.files.set("/srv/run/a", second).set("/run/b", second);
    expect(await world.rotation.rotate("one", "a")).toEqual({ kind: "read" });
    expect(world.serving()).toMatchObject({ "one/a": second, "one/b": first });
    expect(world.events).toEqual([rotated("a", "operator")]);
    expect(await world.rotation.rotate("one", "a")).toEqual({ kind: "read" });
    expect(world.events).toHaveLength(1);
  });

  it("keeps the key it held where its source holds none, with a warning that is told once", async () => {
    const world = startRotation();
    world.files.set("/srv/run/a", "two words");
    const why = expect.stringContaining("space");
    expect(await world.rotation.rotate("one", "a")).toEqual({ kind: "kept", why });
    await world.clock.advance(3 * pollMs);
    expect(world.events).toEqual([{ upstream: "one", trigger: "operator", kept: "a", why }]);
    expect(world.serving()).toMatchObject({ "one/a": first });
  });

  it("knows a key by its upstream and its id, and tells of one that it does not know", async () => {
    const world = startRotation();
    expect(await world.rotation.rotate("two", "a")).toEqual({ kind: "read" });
    for (const [upstream, id] of [
      ["two", "b"],
      ["three", "a"],
      ["", ""],
    ] as const) {
      expect(await world.rotation.rotate(upstream, id)).toEqual({ kind: "unknown" });
    }
    expect(world.events).toEqual([]);
  });
});

describe("a reload", () => {
  it("reads every key, and adds and retires those that the file says", async () => {
    const world = startRotation();
    world.files.set("/run/b", second).set("/run/c", third);
    world.yaml = text("{ id: c, file: /run/c }, { id: b, file: /run/b }, { id: spare, env: SPARE_KEY }");
    expect(await world.rotation.reload("signal")).toMatchObject({
      kind: "valid",
      differences: ["upstreams"],
      needsRestart: [],
    });
    expect(world.serving()).toEqual({
      "one/c": third,
      "one/b": second,
      "one/spare": env.SPARE_KEY,
      "two/a": env.ENV_KEY,
    });
    expect(world.events).toEqual([
      { upstream: "one", trigger: "signal", added: ["c", "spare"], retired: ["a"], rotated: ["b"] },
      { trigger: "signal", needsRestart: [], warnings: [] },
    ]);
    // The new file is followed, and the one of the retired key is not.
    await world.changed("/run/c", first);
    expect(world.serving()).toMatchObject({ "one/c": first });
    await world.changed("/srv/run/a", third);
    expect(world.events).toHaveLength(3);
    expect(await world.rotation.reload("signal")).toMatchObject({ differences: [], needsRestart: [] });
    expect(world.replaced).toEqual(["one", "one"]);
  });

  it("has the first file followed of a gateway whose keys came from variables", async () => {
    const world = startRotation(text("{ id: spare, env: SPARE_KEY }"));
    expect(world.clock.pendingTimers()).toBe(0);
    world.yaml = text();
    await world.rotation.reload("signal");
    world.files.set("/srv/run/a", second);
    await world.clock.advance(pollMs + settleMs);
    expect(world.serving()).toMatchObject({ "one/a": second, "one/b": first });
  });

  it("takes up the keys alone, and names what waits for a restart", async () => {
    const world = startRotation();
    const keys = "{ id: spare, env: SPARE_KEY }, { id: a, file: run/a }";
    world.yaml = text(keys, "retry: { attempts: 2 }\nlimits: { maxInFlight: 7 }");
    expect(await world.rotation.reload("operator")).toMatchObject({
      differences: ["upstreams", "retry", "limits"],
      needsRestart: ["retry", "limits"],
    });
    expect(Object.keys(world.serving())).toEqual(["one/spare", "one/a", "two/a"]);
    expect(world.events.at(-1)).toEqual({
      trigger: "operator",
      needsRestart: ["retry", "limits"],
      warnings: [],
    });
  });

  it("of a file that is not valid takes up nothing of it, but reads the keys that serve", async () => {
    const world = startRotation();
    world.files.set("/run/b", second);
    world.yaml = text("{ id: spare, env: SPARE_KEY }", "retry: { attempts: none }");
    expect(await world.rotation.reload("signal")).toMatchObject({
      kind: "invalid",
      problems: [{ path: "retry.attempts" }],
    });
    expect(world.serving()).toEqual({ "one/a": first, "one/b": second, "two/a": env.ENV_KEY });
    expect(world.events).toEqual([
      rotated("b", "signal"),
      { trigger: "signal", refused: ["retry.attempts"] },
    ]);
  });

  it("keeps the key of a file that holds none, and takes up the rest all the same", async () => {
    const world = startRotation();
    world.files.set("/run/b", second).delete("/srv/run/a");
    world.yaml = text("{ id: b, file: /run/b }, { id: a, file: run/a }, { id: spare, env: SPARE_KEY }");
    expect(await world.rotation.reload("signal")).toMatchObject({ kind: "valid", needsRestart: [] });
    expect(world.serving()).toMatchObject({ "one/b": second, "one/a": first, "one/spare": env.SPARE_KEY });
    expect(world.events).toMatchObject([
      { kept: "a", why: expect.stringContaining("does not exist") },
      { added: ["spare"], rotated: ["b"] },
      { needsRestart: [] },
    ]);
  });

  it("tells of what the file warns of, once", async () => {
    const world = startRotation();
    world.yaml = text("{ id: a, file: run/a }, { id: spare, env: UNSET_KEY }");
    for (const warnings of [[expect.stringContaining("UNSET_KEY")], []]) {
      await world.rotation.reload("signal");
      expect(world.events.at(-1)).toEqual({ trigger: "signal", needsRestart: [], warnings });
    }
  });

  it("changes nothing where it is only to be compared, which says what a reload would", async () => {
    const world = startRotation();
    world.files.set("/run/b", second);
    world.yaml = text("{ id: spare, env: SPARE_KEY }", "retry: { attempts: 2 }");
    const compared = await world.rotation.compare();
    expect(compared).toMatchObject({ differences: ["upstreams", "retry"], needsRestart: ["retry"] });
    expect([world.replaced, world.events]).toEqual([[], []]);
    expect(await world.rotation.reload("operator")).toEqual(compared);
    world.yaml = "retry: { attempts: none }";
    expect(await world.rotation.compare()).toMatchObject({ kind: "invalid" });
  });
});

describe("rotations that meet", () => {
  it("end with what was written last: what was read earlier is never taken up later", async () => {
    const world = startRotation();
    const gate = Promise.withResolvers<void>();
    world.slow = gate.promise;
    world.files.set("/srv/run/a", second);
    const early = world.rotation.rotate("one", "a");
    await world.clock.advance(0);
    world.files.set("/srv/run/a", third);
    world.slow = undefined;
    const late = world.rotation.rotate("one", "a");
    const reload = world.rotation.reload("signal");
    await world.clock.advance(0);
    gate.resolve();
    await Promise.all([early, late, reload]);
    expect(world.serving()).toMatchObject({ "one/a": third });
    expect(world.events).toEqual([
      rotated("a", "operator"),
      rotated("a", "operator"),
      { trigger: "signal", needsRestart: [], warnings: [] },
    ]);
  });

  it("go on after one that threw, which is a bug", async () => {
    const world = startRotation();
    world.slow = Promise.reject(new Error("a bug"));
    await expect(world.rotation.rotate("one", "a")).rejects.toThrow("a bug");
    world.slow = undefined;
    world.files.set("/srv/run/a", second);
    expect(await world.rotation.rotate("one", "a")).toEqual({ kind: "read" });
    expect(world.serving()).toMatchObject({ "one/a": second });
  });

  it("come to serve what the sources hold, whatever happens in whatever order, each change told once", async () => {
    const contents = fc.constantFrom(first, second, third, "", "two words", undefined);
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("write" as const),
        path: fc.constantFrom("/srv/run/a", "/run/b"),
        contents,
      }),
      fc.record({ kind: fc.constant("rotate" as const), id: fc.constantFrom("a", "b") }),
      fc.record({ kind: fc.constant("reload" as const) }),
      fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(0, settleMs, pollMs) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = startRotation();
        const valid = new Map([
          ["/srv/run/a", new Set([first])],
          ["/run/b", new Set([first])],
        ]);
        const under: Promise<unknown>[] = [];
        for (const one of steps) {
          if (one.kind === "write") {
            if (one.contents === undefined) world.files.delete(one.path);
            else world.files.set(one.path, one.contents);
            if (one.contents?.startsWith(anyKey) === true) valid.get(one.path)!.add(one.contents);
          }
          if (one.kind === "rotate") under.push(world.rotation.rotate("one", one.id));
          if (one.kind === "reload") under.push(world.rotation.reload("signal"));
          if (one.kind === "advance") await world.clock.advance(one.ms);
          // Never anything that no file ever held as a key.
          expect(valid.get("/srv/run/a")).toContain(world.serving()["one/a"]);
          expect(valid.get("/run/b")).toContain(world.serving()["one/b"]);
        }
        await Promise.all(under);
        await world.clock.advance(pollMs + 2 * settleMs);
        for (const [path, place] of [
          ["/srv/run/a", "one/a"],
          ["/run/b", "one/b"],
        ] as const) {
          const held = world.files.get(path);
          if (held?.startsWith(anyKey) === true) expect(world.serving()[place]).toBe(held);
        }
        const told = world.events.filter((event) => "rotated" in (event as object));
        expect(told).toHaveLength(world.replaced.length);
      }),
      { numRuns: 150 },
    );
  });
});
