import { parseArgs } from "node:util";
import type { Setting } from "./scenarios/setting.ts";

const scenarioNames = [
  "unary",
  "streams",
  "workers",
  "traces",
  "latency",
  "memory",
  "start",
  "connections",
] as const;

export type ScenarioName = (typeof scenarioNames)[number];

/** What the command line asks for. */
export interface BenchOptions {
  readonly scenarios: readonly ScenarioName[];
  readonly peers: readonly string[];
  readonly lengths: Pick<Setting, "rounds" | "countedMs" | "warmUpMs" | "warmUpCalls">;
  /** After this the run ends, whatever it does. */
  readonly longestMs: number;
}

/** Throws where a word is unknown. */
export function readOptions(words: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      peers: { type: "string" },
      rounds: { type: "string" },
    },
  });
  const { quick } = values;
  const scenarios = (values.only?.split(",") ?? scenarioNames).map((name) => {
    const known = scenarioNames.find((one) => one === name);
    if (known === undefined) throw new Error(`no scenario ${name}; there are ${scenarioNames.join(", ")}`);
    return known;
  });
  const peers = values.peers ?? (quick ? "portkey" : "portkey,litellm,bifrost");
  const lengths = quick
    ? { rounds: 3, countedMs: 1500, warmUpMs: 2000, warmUpCalls: 4000 }
    : { rounds: 5, countedMs: 4000, warmUpMs: 5000, warmUpCalls: 25_000 };
  return {
    scenarios,
    peers: peers === "none" ? [] : peers.split(","),
    lengths: { ...lengths, rounds: values.rounds === undefined ? lengths.rounds : Number(values.rounds) },
    longestMs: 30 * 60_000,
  };
}
