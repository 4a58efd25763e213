// A move from one upstream to another, over real sockets: who goes where, who rescues whom, and what makes the
// gateway go back by itself.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CanaryStatus } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { BreakerState, CanaryArm, CanaryMode, FallbackMode } from "../../gen/switchyard/v1/routing_pb.ts";
import type { GatewayTime } from "../../src/gateway.ts";
import type { Arm } from "../../src/routing/canary-arm.ts";
import { keyOf } from "../support/canary-calls.ts";
import { type Behaviour, type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { createManualClock, gatewayTimeOf, type ManualClock } from "../support/manual-clock.ts";
import { type ScenarioWorld, type Seen, type SendOptions, startScenario } from "../support/scenario-world.ts";
import { answers, refuses } from "../support/upstream-behaviours.ts";

const model = "acme/a";
const own: Readonly<Record<Arm, string>> = { stable: `${model}@old`, canary: `${model}@new` };
const fails: Behaviour = refuses(500);

let folder: string;
let old: FaultyUpstream;
let young: FaultyUpstream;
let world: ScenarioWorld;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-canary-"));
  old = await startFaultyUpstream(() => answers());
  young = await startFaultyUpstream(() => answers());
});
afterEach(async () => {
  await world.close();
  await old.close();
  await young.close();
  await rm(folder, { recursive: true, force: true });
});

interface StartOptions {
  readonly canary?: string;
  readonly time?: GatewayTime;
  readonly listener?: "grpc" | "connect";
}

async function start({
  canary = "weightPercent: 5",
  time,
  listener = "grpc",
}: StartOptions = {}): Promise<void> {
  const config = `
upstreams:
  old: { baseUrl: "${old.baseUrl}", keys: [{ id: old, env: KEY_OLD }] }
  new: { baseUrl: "${young.baseUrl}", keys: [{ id: new, env: KEY_NEW }] }
models:
  acme/a: { upstreams: [old, new], price: { inputPerMTok: "1.00", outputPerMTok: "2.00" } }
  acme/only-old: { upstreams: [old] }
tiers: { simple: [acme/a], standard: [acme/a], advanced: [acme/a] }
canary: { stable: old, canary: new, ${canary} }
ledger: { off: true }
drain: { delayMs: 0, graceMs: 1000 }
simulator: { enabled: false }
`;
  world = await startScenario({ config, listener, cwd: folder, ...(time === undefined ? {} : { time }) });
}

function send(arm: Arm, options: SendOptions = {}): Promise<Seen> {
  return world.chat({ model, ...options, routing: { affinityKey: keyOf(arm), ...options.routing } });
}

function sendStream(arm: Arm): Promise<Seen> {
  return world.chatStream({ model, routing: { affinityKey: keyOf(arm) } });
}

async function canaryNow(): Promise<CanaryStatus> {
  return (await world.operator.getCanary({})).canary!;
}

/** Canary calls, nineteen of stable before each, until the canary is rolled back: what their callers saw. */
async function untilRolledBack(): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  while (!(await canaryNow()).rolledBack) {
    if (seen.length > 30) throw new Error("the canary was not rolled back");
    await Promise.all(Array.from({ length: 19 }, () => send("stable")));
    seen.push(await send("canary"));
  }
  return seen;
}

const rollBackLines = () => world.log.filter((line) => line["switchyard.canary.decision"] === "rolled_back");

describe("the split", () => {
  for (const listener of ["grpc", "connect"] as const) {
    it(`sends a key to the same side for ever, and says so in the decision's id, over ${listener}`, async () => {
      await start({ listener });
      for (const arm of ["stable", "canary"] as const) {
        for (let call = 0; call < 3; call++) {
          const { code, route } = await (call === 1 ? sendStream(arm) : send(arm));
          expect([code, route?.deployment]).toEqual(["OK", own[arm]]);
          expect(route?.arm).toBe(arm === "canary" ? CanaryArm.CANARY : CanaryArm.STABLE);
          expect(route?.decisionId).toMatch(arm === "canary" ? /^CNRY_/ : /^PROD_/);
        }
      }
      await world.close();
      await start({ listener });
      expect((await send("canary")).route?.deployment).toBe(own.canary);
      expect((await send("stable")).route?.deployment).toBe(own.stable);
    });
  }

  it("gives a twentieth of the calls without a key to the canary", async () => {
    await start();
    for (let batch = 0; batch < 8; batch++) {
      await Promise.all(Array.from({ length: 50 }, () => world.chat({ model })));
    }
    // 20 are expected; this far off it would be one time in a million.
    expect(young.requests.length).toBeGreaterThan(3);
    expect(young.requests.length).toBeLessThan(45);
    expect(old.requests.length + young.requests.length).toBe(400);
  });

  it("obeys a call that wants the canary, or nothing of it", async () => {
    await start();
    const required = await send("stable", { routing: { canary: CanaryMode.REQUIRE } });
    expect([required.route?.deployment, required.route?.arm]).toEqual([own.canary, CanaryArm.CANARY]);
    const excluded = await send("canary", { routing: { canary: CanaryMode.EXCLUDE } });
    expect([excluded.route?.deployment, excluded.route?.arm]).toEqual([own.stable, CanaryArm.STABLE]);
    const impossible = await send("canary", {
      model: "acme/only-old",
      routing: { canary: CanaryMode.REQUIRE },
    });
    expect(impossible.code).toBe("FAILED_PRECONDITION");
    // Who chooses is no sample of the others.
    expect((await canaryNow()).canary?.requests).toBe(0n);
  });

  it("takes no part where a model is at one of the two alone", async () => {
    await start();
    const { route } = await send("canary", { model: "acme/only-old" });
    expect([route?.deployment, route?.arm]).toEqual(["acme/only-old@old", CanaryArm.STABLE]);
  });
});

describe("a canary that fails", () => {
  it("is rescued by stable, unary and streamed", async () => {
    await start();
    young.become(() => fails);
    for (const seen of [await send("canary"), await sendStream("canary")]) {
      expect([seen.code, seen.route?.deployment]).toEqual(["OK", own.stable]);
      expect([seen.route?.arm, seen.route?.decisionId.slice(0, 5)]).toEqual([CanaryArm.CANARY, "CNRY_"]);
    }
    const { stable, canary } = await canaryNow();
    expect([canary?.requests, canary?.rescued, canary?.errorRate, canary?.availability]).toEqual([
      2n,
      2n,
      1,
      1,
    ]);
    expect(stable?.requests).toBe(0n);
  });

  it("never rescues stable", async () => {
    await start();
    old.become(() => fails);
    const { code, route } = await send("stable", {
      routing: { fallback: { mode: FallbackMode.SAME_MODEL, maxAttempts: 2 } },
    });
    expect(code).toBe("UNAVAILABLE");
    expect(route?.attempts.map(({ deployment }) => deployment)).toEqual([own.stable, own.stable]);
    expect(young.requests).toEqual([]);
  });

  it("is rolled back at its tenth call when it is dead, and no caller sees an error", async () => {
    await start();
    young.become(() => fails);
    const seen = await untilRolledBack();
    expect(seen).toHaveLength(10);
    expect(new Set(seen.map(({ code, route }) => `${code} ${route?.deployment}`))).toEqual(
      new Set([`OK ${own.stable}`]),
    );
    const { weightBasisPoints, rollbackReason } = await canaryNow();
    expect([weightBasisPoints, rollbackReason]).toEqual([
      0,
      expect.stringMatching(/^10 of 10 canary calls failed/),
    ]);

    const requests = young.requests.length;
    for (let call = 0; call < 5; call++) {
      const { route } = await send("canary");
      expect([route?.deployment, route?.arm, route?.decisionId.slice(0, 5)]).toEqual([
        own.stable,
        CanaryArm.STABLE,
        "PROD_",
      ]);
    }
    expect(young.requests).toHaveLength(requests);
  });

  it("is told of in one line, in the trace of the call that showed it, and in one count", async () => {
    await start();
    young.become(() => fails);
    const last = (await untilRolledBack()).at(-1);
    await send("canary");
    expect(rollBackLines()).toEqual([
      expect.objectContaining({
        level: "warn",
        "event.name": "switchyard.canary.decision",
        "switchyard.canary.rule": "errors",
        "switchyard.canary.name": "new",
        trace_id: last?.traceId,
      }),
    ]);
    const metrics = await (await fetch(`http://${world.gateway.addresses.operator}/metrics`)).text();
    expect(metrics).toMatch(
      /^switchyard_canary_decisions_total\{decision="rolled_back",rule="errors"[^}]*\} 1\b/m,
    );
  });

  it("still serves whoever requires it", async () => {
    await start();
    young.become(() => fails);
    await untilRolledBack();
    young.become(() => answers());
    await world.operator.setBreaker({ deployment: own.canary, state: BreakerState.CLOSED });
    const { code, route } = await send("stable", { routing: { canary: CanaryMode.REQUIRE } });
    expect([code, route?.deployment, route?.arm]).toEqual(["OK", own.canary, CanaryArm.CANARY]);
  });

  it("is left alone where callers ask wrongly", async () => {
    await start();
    young.become(() => refuses(400));
    await Promise.all(Array.from({ length: 30 }, () => send("stable")));
    for (let call = 0; call < 30; call++) expect((await send("canary")).code).toBe("INVALID_ARGUMENT");
    const { rolledBack, canary } = await canaryNow();
    expect([rolledBack, canary?.requests]).toEqual([false, 0n]);
  });

  it("is only reported where the config says not to roll back", async () => {
    await start({ canary: "weightPercent: 5, autoRollback: false" });
    young.become(() => fails);
    await Promise.all(Array.from({ length: 50 }, () => send("stable")));
    for (let call = 0; call < 12; call++) await send("canary");
    const { rolledBack, rollbackReason, weightBasisPoints } = await canaryNow();
    expect([rolledBack, weightBasisPoints]).toEqual([false, 500]);
    expect(rollbackReason).toContain("10 of 10 canary calls failed");
  });
});

describe("a canary that cannot be reached", () => {
  it("is rolled back at the fifth connection, and no caller sees an error", async () => {
    await start();
    await young.close();
    const seen: Seen[] = [];
    for (let call = 0; call < 5; call++) seen.push(await send("canary"));
    expect(seen.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => "OK"));
    expect((await canaryNow()).rollbackReason).toBe("5 connections to the canary in a row failed");
  });
});

describe("a roll-back", () => {
  it("outlives a restart, and a new share in the config", async () => {
    await start();
    young.become(() => fails);
    await untilRolledBack();
    await world.close();
    young.become(() => answers());
    await start({ canary: "weightPercent: 50" });
    const { rolledBack, rollbackReason, rollbackTime } = await canaryNow();
    expect([rolledBack, rollbackReason]).toEqual([true, expect.stringContaining("10 of 10")]);
    expect(rollbackTime).toBeDefined();
    expect((await send("canary")).route?.deployment).toBe(own.stable);
    expect(rollBackLines()).toEqual([]);
    expect(world.log).toContainEqual(expect.objectContaining({ event: "canary", level: "warn" }));
  });

  it("is taken for granted where nobody can read what was decided", async () => {
    await writeFile(join(folder, "switchyard.canary.json"), "{");
    await start();
    expect((await send("canary")).route?.deployment).toBe(own.stable);
    expect((await canaryNow()).rollbackReason).toContain("cannot be read");
  });

  it("ends by an operator's word: evidence and breakers cleared, and the next restart knows", async () => {
    await start();
    young.become(() => fails);
    await untilRolledBack();
    expect((await world.health(own.canary)).breakerState).toBe(BreakerState.OPEN);
    young.become(() => answers());
    const { canary } = await world.operator.setCanary({ weightBasisPoints: 1000 });
    expect(canary).toMatchObject({
      enabled: true,
      rolledBack: false,
      weightBasisPoints: 1000,
      rollbackReason: "",
    });
    expect((await world.health(own.canary)).breakerState).toBe(BreakerState.CLOSED);
    expect((await send("canary")).route?.deployment).toBe(own.canary);
    expect((await canaryNow()).canary).toMatchObject({ requests: 1n, rescued: 0n });
    expect(world.log).toContainEqual(expect.objectContaining({ event: "audit", weight_basis_points: 1000 }));

    await world.close();
    expect(JSON.parse(await readFile(join(folder, "switchyard.canary.json"), "utf8"))).toMatchObject({
      standing: { kind: "trying", weightBasisPoints: 1000 },
    });
    await start();
    expect((await canaryNow()).weightBasisPoints).toBe(1000);
  });

  it("comes again where the canary still fails", async () => {
    await start();
    young.become(() => fails);
    await untilRolledBack();
    await world.operator.setCanary({ weightBasisPoints: 500 });
    expect(await untilRolledBack()).toHaveLength(10);
  });
});

/** Both arms in turn, until the canary is rolled back: how many minutes of the gateway's clock that took. */
const minutesUntilRolledBack = async (
  clock: ManualClock,
  call: (arm: Arm) => Promise<Seen>,
): Promise<number> => {
  const startedAt = clock.now();
  while (!(await canaryNow()).rolledBack) {
    if (clock.now() - startedAt > 8 * 60_000) throw new Error("the canary was not rolled back");
    for (const arm of ["stable", "canary"] as const) {
      expect((await call(arm)).route?.deployment).toBe(own[arm]);
    }
  }
  return (clock.now() - startedAt) / 60_000;
};

/** An upstream whose answers take so long on the gateway's own clock. */
const takes = (clock: ManualClock, ms: number, behaviour: Behaviour): Behaviour => ({
  name: `${behaviour.name} after ${ms} ms`,
  answer: async (exchange) => {
    await clock.advance(ms);
    await behaviour.answer(exchange);
  },
});

const onManualTime = async (options: StartOptions = {}): Promise<ManualClock> => {
  const clock = createManualClock();
  await start({ ...options, time: gatewayTimeOf(clock) });
  return clock;
};

const usage = (completion: number) => ({ usage: { prompt_tokens: 100, completion_tokens: completion } });

describe("a canary that is slow or dear", () => {
  it("is rolled back within some looks where its first tokens take 30 % longer", async () => {
    const clock = await onManualTime();
    old.become(() => takes(clock, 500, answers()));
    young.become(() => takes(clock, 650, answers()));
    const minutes = await minutesUntilRolledBack(clock, sendStream);
    expect(minutes).toBeGreaterThan(2);
    expect(minutes).toBeLessThan(5);
    expect((await canaryNow()).rollbackReason).toBe(
      "the canary's first tokens took 1.30 times stable's time",
    );
    expect(rollBackLines()).toEqual([expect.objectContaining({ "switchyard.canary.rule": "slow" })]);
    expect((await sendStream("canary")).route?.deployment).toBe(own.stable);
  });

  it("is rolled back within some looks where its calls cost 30 % more", async () => {
    const clock = await onManualTime();
    old.become(() => takes(clock, 550, answers(usage(1000))));
    young.become(() => takes(clock, 550, answers(usage(1315))));
    const minutes = await minutesUntilRolledBack(clock, send);
    expect(minutes).toBeGreaterThan(2);
    expect(minutes).toBeLessThan(5);
    expect((await canaryNow()).rollbackReason).toBe("a canary call cost 1.30 times as much as at stable");
  });
});

describe("a canary whose breaker opens", () => {
  /** Five failures open it, which are too few calls for any statistics. */
  async function openBreaker(): Promise<ManualClock> {
    const clock = await onManualTime();
    // Between two of the looks that come by themselves: calls are judged, too.
    await clock.advance(45_000);
    young.become(() => fails);
    for (let call = 0; call < 5; call++) expect((await send("canary")).route?.deployment).toBe(own.stable);
    expect((await world.health(own.canary)).breakerState).toBe(BreakerState.OPEN);
    return clock;
  }

  it("is rolled back once it has not closed for a minute, and not before", async () => {
    const clock = await openBreaker();
    // Half-open in between, and open again, is not closed.
    await clock.advance(30_000);
    expect((await send("canary")).route?.deployment).toBe(own.stable);
    expect(young.requests).toHaveLength(6);
    await clock.advance(29_999);
    await send("stable");
    expect((await canaryNow()).rolledBack).toBe(false);
    await clock.advance(1);
    const { traceId } = await send("stable");
    expect(await canaryNow()).toMatchObject({
      rolledBack: true,
      weightBasisPoints: 0,
      rollbackReason: `the breaker ${own.canary} has not closed for 60 s`,
    });
    expect(rollBackLines()).toEqual([
      expect.objectContaining({ "switchyard.canary.rule": "breaker_open", trace_id: traceId }),
    ]);
  });

  it("stays where a probe closes it within the minute", async () => {
    const clock = await openBreaker();
    young.become(() => answers());
    await clock.advance(50_000);
    expect((await send("canary")).route?.deployment).toBe(own.canary);
    await clock.advance(180_000);
    expect((await canaryNow()).rolledBack).toBe(false);
  });
});

describe("a canary that does no worse", () => {
  const sendAll = async (arm: Arm, count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += 50) {
      await Promise.all(Array.from({ length: 50 }, () => send(arm)));
    }
  };

  it(
    "gets its next share after a thousand calls and half an hour, neither alone, and keeps it",
    { timeout: 60_000 },
    async () => {
      const canary = "weightPercent: 25, promote: true";
      const clock = await onManualTime({ canary });
      const weight = async (): Promise<number> => (await canaryNow()).weightBasisPoints;
      for (const arm of ["stable", "canary"] as const) await sendAll(arm, 1000);
      await clock.advance(29 * 60_000);
      expect(await weight()).toBe(2500);
      await clock.advance(60_000);
      expect(await weight()).toBe(5000);
      expect(world.log).toContainEqual(
        expect.objectContaining({
          "event.name": "switchyard.canary.decision",
          "switchyard.canary.decision": "promoted",
        }),
      );
      const metrics = await (await fetch(`http://${world.gateway.addresses.operator}/metrics`)).text();
      expect(metrics).toMatch(/^switchyard_canary_decisions_total\{decision="promoted"[^}]*\} 1\b/m);

      // At the new share it starts to count anew.
      await clock.advance(45 * 60_000);
      expect(await weight()).toBe(5000);
      await world.close();
      await start({ canary });
      expect(await weight()).toBe(5000);
    },
  );
});
