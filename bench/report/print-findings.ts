import type { Spread } from "../spread.ts";
import type { Figure, Findings, Ratio } from "./figures.ts";

/** The findings as text: ratios first, since only they can be carried to another machine. */
export function printFindings({ figures, ratios, left }: Findings): string {
  const parts = [
    table(["scenario", "of", "to", "min", "median", "max", "wanted"], ratios.map(ratioRow)),
    table(
      ["scenario", "side", "unit", "min", "median", "max", "ok", "refused", "failed", ""],
      figures.map(figureRow),
    ),
    left.length === 0 ? "" : `Left out here:\n${left.map((what) => `- ${what}`).join("\n")}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function ratioRow({ scenario, of, to, spread, wanted }: Ratio): readonly string[] {
  return [scenario, of, to, ...spreadCells(spread), wanted];
}

function figureRow({ scenario, side, unit, spread, counts, note }: Figure): readonly string[] {
  const counted = counts === undefined ? ["", "", ""] : [counts.ok, counts.refused, counts.failed];
  return [scenario, side, unit, ...spreadCells(spread), ...counted.map(String), note];
}

function spreadCells({ min, median, max }: Spread): readonly string[] {
  return [min, median, max].map(short);
}

/** Three digits are more than a shared machine can promise. */
function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(heads), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
