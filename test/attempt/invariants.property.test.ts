import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holdAll } from "../support/invariants/all-invariants.ts";
import type { RunRecord } from "../support/invariants/run-record.ts";
import { addTallies, type RunTally, tallyOf } from "../support/invariants/run-tally.ts";
import { traceOf } from "../support/invariants/run-trace.ts";
import { createWorld } from "../support/invariants/world.ts";
import { type Command, commandsIn, weathers } from "../support/invariants/world-command.ts";
import { settingsArbitrary, type WorldSettings } from "../support/invariants/world-settings.ts";

async function play(settings: WorldSettings, commands: readonly Command[]): Promise<RunRecord> {
  const world = createWorld(settings);
  for (const command of commands) await world.run(command);
  return world.finish();
}

describe("a run of the whole", () => {
  for (const [name, weather] of Object.entries(weathers)) {
    it(`holds every invariant, ${name}`, { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(settingsArbitrary, commandsIn(weather), async (settings, commands) => {
          holdAll(await play(settings, commands));
        }),
        { numRuns: weather.numRuns },
      );
    });
  }

  it(
    "does the same again, given the same seed and the same commands (invariant 28)",
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          settingsArbitrary,
          commandsIn(weathers["whatever happens"]),
          async (settings, commands) => {
            const [one, other] = [await play(settings, commands), await play(settings, commands)];
            expect(traceOf(other)).toEqual(traceOf(one));
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  it("comes to all that its invariants speak of", { timeout: 120_000 }, async () => {
    let tally: RunTally = {};
    for (const weather of Object.values(weathers)) {
      const runs = fc.sample(fc.tuple(settingsArbitrary, commandsIn(weather)), { numRuns: 75, seed: 1 });
      for (const [settings, commands] of runs) {
        tally = addTallies(tally, tallyOf(await play(settings, commands)));
      }
    }
    const never = Object.entries(tally).filter(([, count]) => count === 0);
    expect(never).toEqual([]);
  });
});
