/** What one worker measured, in Prometheus' text format. */
export interface WorkerMetrics {
  readonly worker: number;
  readonly text: string;
}

const metadata = /^# (?:HELP|TYPE|UNIT) (?<name>\S+)/;
const sample = /^(?<name>[A-Za-z_:][\w:]*)(?<labels>\{)?/;

/**
 * One text with the samples of all workers, each with the label `worker`. The format wants all samples of a metric
 * together below its one description.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function mergeMetrics(all: readonly WorkerMetrics[]): string {
  const described = new Map<string, string[]>();
  const sampled = new Map<string, string[]>();
  for (const { worker, text } of all) {
    let current = "";
    for (const line of text.split("\n")) {
      const begun = metadata.exec(line)?.groups?.["name"];
      if (begun !== undefined) {
        current = begun;
        const lines = described.get(current) ?? [];
        described.set(current, lines);
        if (!lines.includes(line)) lines.push(line);
      } else if (sample.test(line)) {
        const lines = sampled.get(current) ?? [];
        sampled.set(current, lines);
        lines.push(labelled(line, worker));
      }
    }
  }
  const families = [...described].map(([name, lines]) => [...lines, ...(sampled.get(name) ?? [])].join("\n"));
  return `${families.join("\n")}\n`;
}

function labelled(line: string, worker: number): string {
  return line.replace(sample, (_, name: string, labels: string | undefined) =>
    labels === undefined ? `${name}{worker="${worker}"}` : `${name}{worker="${worker}",`,
  );
}
