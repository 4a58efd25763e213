import { formatTable } from "./table.ts";

/** What one check of `doctor` found. `note`: worth knowing, nothing is broken. */
export interface Finding {
  readonly check: "node" | "config" | "key" | "upstream" | "listener";
  readonly outcome: "ok" | "note" | "failed";
  readonly subject: string;
  readonly detail: string;
  /** What to do about it; undefined where there is nothing to do. */
  readonly advice?: string | undefined;
  readonly latencyMs?: number | undefined;
}

/** A line a finding, with what to do below it. */
export function formatFindings(findings: readonly Finding[]): string {
  const table = formatTable(
    findings.map(({ outcome, check, subject, detail }) => [outcome, check, subject, detail]),
  ).split("\n");
  const lines = findings.flatMap(({ advice }, index) => [
    table[index] ?? "",
    ...(advice === undefined ? [] : [`          do: ${advice}`]),
  ]);
  const failed = findings.filter(({ outcome }) => outcome === "failed").length;
  const count = failed === 0 ? "nothing failed" : `${failed} ${failed === 1 ? "check" : "checks"} failed`;
  return [...lines, "", count].join("\n");
}
