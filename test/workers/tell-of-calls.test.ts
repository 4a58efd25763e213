import { expect, it } from "vitest";
import { tellOfCalls } from "../../src/workers/tell-of-calls.ts";
import { createManualClock } from "../support/manual-clock.ts";

it("a worker tells how many calls are under way where that has changed, four times a second at most", async () => {
  const clock = createManualClock();
  const told: number[] = [];
  let calls = 0;
  tellOfCalls(
    () => calls,
    (underWay) => told.push(underWay),
    clock.setTimer,
  );
  await clock.advance(1_000);
  expect(told).toEqual([]);
  for (calls = 1; calls < 5; calls++) await clock.advance(100);
  expect(told).toEqual([3]);
  await clock.advance(1_000);
  expect(told).toEqual([3, 5]);
  calls = 0;
  await clock.advance(1_000);
  expect(told).toEqual([3, 5, 0]);
});
