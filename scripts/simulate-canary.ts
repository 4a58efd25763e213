// Prints how often the canary's rules are wrong and how soon they are right, over many seeds, as the tables of
// docs/canary.md: `npm run canary:simulate`, about a minute; a smaller number of runs may follow.
import {
  type Alarm,
  type ErrorTruth,
  errorRules,
  type MeasureTruth,
  simulateErrors,
  simulateLooks,
} from "./canary-simulation.ts";

const runs = Math.min(2000, Math.max(1, Number(process.argv[2] ?? 400) || 400));
const calls = 100_000;
const share = 0.05;
const half = calls / 2;

const always = (rate: number) => (): number => rate;
const since =
  (from: number, before: number, after: number) =>
  (call: number): number =>
    call < from ? before : after;
const between =
  (from: number, to: number, usual: number, meanwhile: number) =>
  (call: number): number =>
    call >= from && call < to ? meanwhile : usual;

const equal = (percent: number): ErrorTruth => ({
  name: `equal, ${percent} %`,
  stable: always(percent / 100),
  canary: always(percent / 100),
  worseFrom: undefined,
});

const worse = (stable: number, canary: number): ErrorTruth => ({
  name: `${stable} → ${canary} %`,
  stable: always(stable / 100),
  canary: always(canary / 100),
  worseFrom: 0,
});

const truths: readonly ErrorTruth[] = [
  equal(0.5),
  equal(2),
  equal(5),
  equal(20),
  {
    name: "equal, 0.5 %; for 2 000 calls both 50 %",
    stable: between(half, half + 2000, 0.005, 0.5),
    canary: between(half, half + 2000, 0.005, 0.5),
    worseFrom: undefined,
  },
  {
    name: "equal, 0.5 %; from half-way both 4 %",
    stable: since(half, 0.005, 0.04),
    canary: since(half, 0.005, 0.04),
    worseFrom: undefined,
  },
  worse(0.5, 100),
  worse(2, 30),
  worse(2, 10),
  worse(2, 5),
  {
    name: "equal, 0.5 %; half-way the canary dies",
    stable: always(0.005),
    canary: since(half, 0.005, 1),
    worseFrom: half,
  },
  {
    name: "equal, 2 %; half-way the canary has 30 %",
    stable: always(0.02),
    canary: since(half, 0.02, 0.3),
    worseFrom: half,
  },
];

const measures = (["first tokens", "cost"] as const).flatMap((measure) =>
  [1, 1.3, 1.5].flatMap((ratio) => [0.5, 1].map((scatter) => ({ measure, ratio, scatter }))),
);
const looks = 60;
const lookRuns = Math.ceil(runs / 20);

console.log(`${runs} runs of ${calls} calls each, ${share * 100} % to the canary, seeds 1 to ${runs}\n`);
printRow(["truth, stable → canary", "e-process", "naive: > 2×, n ≥ 50", "z-test at 1 %, after every call"]);
printRow(["---", "---", "---", "---"]);
for (const truth of truths) {
  const results = Array.from({ length: runs }, (_, index) =>
    simulateErrors(truth, index + 1, { calls, share }),
  );
  printRow([
    truth.name,
    ...errorRules.map((rule) =>
      errorCell(
        truth,
        results.map((result) => result[rule]),
      ),
    ),
  ]);
}

console.log(`\n${lookRuns} runs of at most ${looks} looks each, seeds 1 to ${lookRuns}\n`);
printRow(["canary / stable", "scatter", "50 canary calls a look", "200 canary calls a look"]);
printRow(["---", "---", "---", "---"]);
for (const { measure, ratio, scatter } of measures) {
  const cells = [50, 200].map((callsPerLook) => lookCell({ measure, ratio, scatter, callsPerLook }));
  printRow([`${measure} ${ratio}`, `${scatter}`, ...cells]);
}

function lookCell(truth: MeasureTruth): string {
  const results = Array.from({ length: lookRuns }, (_, index) => simulateLooks(truth, index + 1, looks));
  const found = results.filter((look) => look !== undefined);
  if (truth.ratio === 1) return `falsely ${percent(found.length, lookRuns)}`;
  if (found.length === 0) return "–";
  const share = found.length < lookRuns ? `; found ${percent(found.length, lookRuns)}` : "";
  return `${percentile(found, 0.5)} looks${share}`;
}

function errorCell({ worseFrom }: ErrorTruth, alarms: readonly Alarm[]): string {
  const wrong = alarms.filter(({ kind }) => kind === "false").length;
  const falsely = `falsely ${percent(wrong, alarms.length)}`;
  if (worseFrom === undefined) return falsely;
  const found = alarms.flatMap((alarm) => (alarm.kind === "found" ? [alarm.calls] : []));
  const cells = [
    found.length === 0 ? "–" : `${percentile(found, 0.5)} calls, 95 % within ${percentile(found, 0.95)}`,
    ...(found.length + wrong < alarms.length ? [`found ${percent(found.length, alarms.length)}`] : []),
    ...(wrong > 0 ? [falsely] : []),
  ];
  return cells.join("; ");
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;
}

function percent(count: number, of: number): string {
  return `${((count / of) * 100).toFixed(count > 0 && count < of ? 1 : 0)} %`;
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}
