import { type Holdings, toMiB } from "./holdings.ts";

/** The page of one soak. */
export function soakReport(soak: {
  readonly seconds: number;
  readonly callers: number;
  readonly before: Holdings;
  readonly after: Holdings;
  readonly left: readonly string[];
  readonly outcomes: ReadonlyMap<string, number>;
  readonly upstreamRequests: number;
  readonly upstreamConnections: number;
}): string {
  const { before, after, outcomes } = soak;
  const calls = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  const types = [...new Set([...Object.keys(before.counts), ...Object.keys(after.counts)])].toSorted();
  const rows = [
    ...types.map((type) => [type, `${before.counts[type] ?? 0}`, `${after.counts[type] ?? 0}`]),
    ["heap used, MiB", toMiB(before.heapUsedBytes), toMiB(after.heapUsedBytes)],
    ["external, MiB", toMiB(before.externalBytes), toMiB(after.externalBytes)],
    ["resident, MiB", toMiB(before.rssBytes), toMiB(after.rssBytes)],
  ];
  const ends = [...outcomes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `| ${name} | ${count} |`);
  return `# What a soak leaves behind

\`npm run soak -- --seconds ${soak.seconds} --callers ${soak.callers} --write\` made this page: callers on both listeners, of which a
third leaves early and a fifth has a deadline of 50 to 350 ms, against two upstreams of which 20 % and 5 % of the
answers are faults of eighteen kinds (\`soak/faults.ts\`). The gateway runs in a process of its own with its timers,
sockets and streams counted by \`async_hooks\`, after the collector has run. Before: after ten seconds of the same load
and 25 s of rest. After: at the end, and 25 s of rest.

${calls} calls, ${soak.upstreamRequests} requests to the upstreams (the warm-up included), ${soak.upstreamConnections} connections to them still open.
Left behind: **${soak.left.length === 0 ? "nothing" : soak.left.join(", ")}**.

| | before | after |
|---|---|---|
${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}

| how calls ended | |
|---|---|
${ends.join("\n")}
`;
}
