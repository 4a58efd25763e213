// Outages that last, over real sockets and on a clock that the test moves: what opens, when it is tried again, and
// what callers are told meanwhile.
import { describe, expect, it } from "vitest";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import { KeyState } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { createManualClock, gatewayTimeOf, type ManualClock } from "../support/manual-clock.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { patientLimits, type ScenarioWorld, type Seen, type SendOptions } from "../support/scenario-world.ts";
import { answers, hangsBeforeHeaders, refuses } from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;
let clock: ManualClock;
/** What the wall clock is off. */
let jumpMs: number;

const deployment = "acme/main@main";
const fails = refuses(500);
const answersMain = answers({ texts: ["main"] });

async function start(listener: "grpc" | "connect", script: Script, spareFails = false): Promise<void> {
  clock = createManualClock();
  jumpMs = 0;
  ({ main, spare, world } = await runBetweenTwo({
    script,
    spareScript: () => (spareFails ? fails : answers({ texts: ["spare"] })),
    listener,
    more: patientLimits,
    time: gatewayTimeOf(clock, () => 1_700_000_000_000 + jumpMs),
  }));
}

/** Few attempts, so that no call ever waits for a clock that stands still. */
function send(options: SendOptions = {}, maxAttempts = 2): Promise<Seen> {
  return world.chat({ ...options, routing: { fallback: { maxAttempts } } });
}

/** A call each so many seconds: what their callers saw. */
async function sendEach(seconds: number, calls: number, maxAttempts?: number): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (let call = 0; call < calls; call += 1) {
    seen.push(await send({}, maxAttempts));
    await clock.advance(seconds * 1000);
  }
  return seen;
}

const textsOf = (seen: readonly Seen[]): ReadonlySet<string> => new Set(seen.map(({ text }) => text));
const breakerState = async (): Promise<BreakerState> => (await world.health(deployment)).breakerState;

async function openBreaker(): Promise<void> {
  for (let call = 0; call < 5; call += 1) await send();
  expect(await breakerState()).toBe(BreakerState.OPEN);
}

for (const listener of ["grpc", "connect"] as const) {
  describe(`an outage, on the ${listener} listener`, () => {
    it("shorter than the breaker's time costs no more than that time", async () => {
      await start(listener, () => fails);
      await openBreaker();
      main.become(() => answersMain);
      expect(textsOf(await sendEach(1, 10))).toEqual(new Set(["spare"]));
      expect(main.requests).toHaveLength(5);
      // Ten seconds, and a fifth at most.
      await clock.advance(2000);
      expect((await send()).text).toBe("main");
      expect(await breakerState()).toBe(BreakerState.CLOSED);
    });

    it("of every other call opens it, too", async () => {
      await start(listener, (index) => (index % 2 === 0 ? answersMain : fails));
      const seen = await sendEach(1, 10);
      expect(new Set(seen.map(({ code }) => code))).toEqual(new Set(["OK"]));
      expect(main.requests).toHaveLength(10);
      expect(await breakerState()).toBe(BreakerState.OPEN);
      expect((await send()).text).toBe("spare");
      expect(main.requests).toHaveLength(10);
    });

    it("that lasts is probed after 10 s, then after twice as long, and is over 25 s after its end", async () => {
      const requestedAt: number[] = [];
      await start(listener, () => {
        requestedAt.push(clock.now());
        return fails;
      });
      expect(textsOf(await sendEach(1, 180))).toEqual(new Set(["spare"]));
      const waits = requestedAt.slice(4).map((at, index, all) => (at - (all[index - 1] ?? at)) / 1000);
      const [first, second, ...later] = waits.slice(1);
      // A fifth more by chance, and up to a second until the next call.
      expect(first).toBeGreaterThanOrEqual(10);
      expect(first).toBeLessThanOrEqual(13);
      expect(second).toBeGreaterThanOrEqual(20);
      expect(later.length).toBeGreaterThan(3);
      expect(later.every((wait) => wait >= second! && wait <= 26)).toBe(true);
      main.become(() => answersMain);
      await clock.advance(25_000);
      expect((await send()).text).toBe("main");
      expect((await send()).text).toBe("main");
    });

    it("is probed again a second after its probe's caller left", async () => {
      await start(listener, () => fails);
      await openBreaker();
      await clock.advance(12_000);
      main.become(() => hangsBeforeHeaders);
      const abort = new AbortController();
      const probe = send({ signal: abort.signal });
      await main.received(6);
      expect(await breakerState()).toBe(BreakerState.HALF_OPEN);
      abort.abort();
      expect((await probe).code).toBe("CANCELLED");
      await main.aborted(5);
      await expect.poll(() => breakerState()).toBe(BreakerState.OPEN);
      main.become(() => answersMain);
      await clock.advance(999);
      expect((await send()).text).toBe("spare");
      await clock.advance(1);
      expect((await send()).text).toBe("main");
      expect(await breakerState()).toBe(BreakerState.CLOSED);
    });

    it("of everything for ten minutes is told at once, with the time of the next try, and hardly calls", async () => {
      await start(listener, () => fails, true);
      const seen = await sendEach(2, 300, 1);
      expect(new Set(seen.map(({ code }) => code))).toEqual(new Set(["UNAVAILABLE"]));
      // Five to open each, and then a probe each 10 s, 20 s and so on.
      for (const { requests } of [main, spare]) {
        expect(requests.length).toBeGreaterThan(20);
        expect(requests.length).toBeLessThanOrEqual(5 + 600 / 20);
      }
      const refused = seen.filter(({ metadata }) => metadata["attempts"] === "0");
      expect(refused.length).toBe(300 - main.requests.length - spare.requests.length);
      for (const { reason, retryAfterMs } of refused) {
        expect(reason).toBe("NO_DEPLOYMENT_AVAILABLE");
        expect(retryAfterMs).toBeGreaterThan(0);
        expect(retryAfterMs).toBeLessThanOrEqual(30_000);
      }
      // Whoever comes back when it was told to is served, if the outage is over.
      let last = await send({}, 1);
      while (last.metadata["attempts"] !== "0") last = await send({}, 1);
      main.become(() => answersMain);
      spare.become(() => answersMain);
      await clock.advance(last.retryAfterMs!);
      expect(await send({}, 1)).toMatchObject({ code: "OK", text: "main" });
    });
  });
}

describe("a wall clock that jumps", () => {
  const hourMs = 3_600_000;

  it("neither opens nor closes a breaker", async () => {
    await start("grpc", () => fails);
    await openBreaker();
    main.become(() => answersMain);
    for (const jump of [hourMs, -hourMs]) {
      jumpMs = jump;
      expect((await send()).text).toBe("spare");
      expect(await breakerState()).toBe(BreakerState.OPEN);
    }
    await clock.advance(12_000);
    expect((await send()).text).toBe("main");
    for (const jump of [0, hourMs]) {
      jumpMs = jump;
      expect((await send()).text).toBe("main");
      expect(await breakerState()).toBe(BreakerState.CLOSED);
    }
  });

  it("neither shortens nor lengthens a key's rest, though its upstream names a time of day", async () => {
    const date = Date.UTC(2030, 0, 1);
    const at = (ms: number): string => new Date(ms).toUTCString();
    await start("grpc", () =>
      refuses(429, { code: "rate_limit_exceeded" }, { date: at(date), "retry-after": at(date + 30_000) }),
    );
    const keyState = async (): Promise<KeyState | undefined> =>
      (await world.operator.listKeys({})).keys.find(({ upstream }) => upstream === "main")?.state;
    expect((await send()).text).toBe("spare");
    main.become(() => answersMain);
    for (const jump of [hourMs, -hourMs]) {
      jumpMs = jump;
      await clock.advance(14_999);
      expect((await send()).text).toBe("spare");
      expect(await keyState()).toBe(KeyState.COOLING);
    }
    await clock.advance(2);
    expect((await send()).text).toBe("main");
    expect(await keyState()).toBe(KeyState.USABLE);
  });
});
