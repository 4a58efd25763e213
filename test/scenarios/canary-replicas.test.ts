// Two replicas that share a database: what one has seen of the canary, the other need not find out again.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { keyOf } from "../support/canary-calls.ts";
import { type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { postgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { type ScenarioWorld, startScenario } from "../support/scenario-world.ts";
import { answers, refuses } from "../support/upstream-behaviours.ts";

interface Replica {
  readonly clock: ManualClock;
  readonly world: ScenarioWorld;
}

/** What replicas ask the store for news by, on their own clocks. */
const followMs = 5_000;

describe.skipIf(!postgres.present)(postgres.title("replicas that share PostgreSQL"), () => {
  let server: PostgresServer;
  let old: FaultyUpstream;
  let young: FaultyUpstream;
  const replicas: Replica[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    old = await startFaultyUpstream(() => answers());
    young = await startFaultyUpstream(() => refuses(500));
  }, 60_000);
  afterEach(async () => {
    await Promise.all(replicas.splice(0).map(({ world }) => world.close()));
  });
  afterAll(async () => {
    await old.close();
    await young.close();
    await server[Symbol.asyncDispose]();
  });

  const start = async (database: string): Promise<Replica> => {
    const clock = createManualClock();
    const config = `
upstreams:
  old: { baseUrl: "${old.baseUrl}", keys: [{ id: old, env: KEY_OLD }] }
  new: { baseUrl: "${young.baseUrl}", keys: [{ id: new, env: KEY_NEW }] }
models: { acme/a: { upstreams: [old, new] } }
tiers: { simple: [acme/a], standard: [acme/a], advanced: [acme/a] }
canary: { stable: old, canary: new, weightPercent: 5 }
ledger: { url: "${database}" }
drain: { delayMs: 0, graceMs: 1000 }
simulator: { enabled: false }
`;
    const wallClock = (): number => 1_700_000_000_000 + clock.now();
    const time = { now: clock.now, setTimer: clock.setTimer, wallClock };
    const replica = { clock, world: await startScenario({ config, listener: "grpc", time }) };
    replicas.push(replica);
    return replica;
  };

  const armOf = async ({ world }: Replica): Promise<string> => {
    const { route } = await world.chat({ model: "acme/a", routing: { affinityKey: keyOf("canary") } });
    return route?.decisionId.slice(0, 4) ?? "";
  };

  const standing = async ({ world }: Replica) => {
    const { canary } = await world.operator.getCanary({});
    return [canary?.rolledBack, canary?.weightBasisPoints];
  };

  /** Lets a replica ask for news until it stands so. */
  const stands = (replica: Replica, rolledBack: boolean, weight: number): Promise<void> =>
    vi.waitFor(
      async () => {
        await replica.clock.advance(followMs);
        expect(await standing(replica)).toEqual([rolledBack, weight]);
      },
      { timeout: 10_000 },
    );

  it("follow one another's roll-back and an operator's word, and so does one that starts later", async () => {
    const database = await server.freshDatabase();
    const [one, other] = [await start(database), await start(database)];
    expect([await armOf(one), await armOf(other)]).toEqual(["CNRY", "CNRY"]);

    const stableCall = { model: "acme/a", routing: { affinityKey: keyOf("stable") } };
    await Promise.all(Array.from({ length: 100 }, () => one.world.chat(stableCall)));
    for (let call = 0; call < 9; call++) expect(await armOf(one)).toBe("CNRY");
    expect(await armOf(one)).toBe("PROD");
    await stands(other, true, 0);
    expect(await armOf(other)).toBe("PROD");
    // It has heard of it: it has paid for nothing but the one call of its own.
    expect((await other.world.operator.getCanary({})).canary?.canary?.requests).toBe(1n);

    const later = await start(database);
    expect(await standing(later)).toEqual([true, 0]);

    await other.clock.advance(60_000);
    await other.world.operator.setCanary({ weightBasisPoints: 1000 });
    await stands(one, false, 1000);
    await stands(later, false, 1000);
    expect(await armOf(one)).toBe("CNRY");
  });

  it("leave the canary off while nobody can read whether it may be on, and go on once somebody can", async () => {
    const database = await server.freshDatabase();
    await server.kill();
    const replica = await start(database);
    expect([await armOf(replica), await standing(replica)]).toEqual(["PROD", [true, 0]]);
    await server.start();
    await stands(replica, false, 500);
    expect(await armOf(replica)).toBe("CNRY");
  });
});
