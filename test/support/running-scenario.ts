import { onTestFinished } from "vitest";
import type { GatewayTime } from "../../src/gateway.ts";
import { type FaultyUpstream, type Script, startFaultyUpstream } from "./faulty-upstream.ts";
import { type ListenerUnderTest, type ScenarioWorld, startScenario, twoUpstreams } from "./scenario-world.ts";
import type { TraceBackend } from "./trace-backend.ts";
import { answers } from "./upstream-behaviours.ts";

/** Starts an upstream that is closed when the test ends. */
export async function runUpstream(script: Script): Promise<FaultyUpstream> {
  const upstream = await startFaultyUpstream(script);
  onTestFinished(() => upstream.close());
  return upstream;
}

/** Starts a gateway that is closed when the test ends, before the upstreams that were started before it. */
export async function runScenario(options: Parameters<typeof startScenario>[0]): Promise<ScenarioWorld> {
  const world = await startScenario(options);
  onTestFinished(() => world.close());
  return world;
}

/** A gateway, and what it calls. */
export interface ScenarioOfTwo {
  readonly main: FaultyUpstream;
  readonly spare: FaultyUpstream;
  readonly world: ScenarioWorld;
}

/** Starts the gateway of {@link twoUpstreams} and both of its upstreams, all closed when the test ends. */
export async function runBetweenTwo({
  script,
  spareScript = () => answers(),
  listener = "grpc",
  more,
  mainKeys,
  time,
  backend,
}: {
  readonly script: Script;
  readonly spareScript?: Script;
  readonly listener?: ListenerUnderTest;
  /** The rest of the config; where left out, limits that are quick. */
  readonly more?: string;
  /** Ids of the keys of `main`. */
  readonly mainKeys?: string[];
  readonly time?: GatewayTime;
  readonly backend?: TraceBackend;
}): Promise<ScenarioOfTwo> {
  const main = await runUpstream(script);
  const spare = await runUpstream(spareScript);
  const config = twoUpstreams(main.baseUrl, spare.baseUrl, more, mainKeys);
  const world = await runScenario({
    config,
    listener,
    ...(time === undefined ? {} : { time }),
    ...(backend === undefined ? {} : { backend }),
  });
  return { main, spare, world };
}
