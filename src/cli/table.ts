const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const wide =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/u;

/** Rows as aligned columns, two spaces apart, without trailing blanks. The first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) => indent + formatRow(row, widths).trimEnd()).join("\n");
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell))).join("  ");
}

/** Columns on a terminal: East Asian characters and emoji take two. */
function widthOf(cell: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(cell)) width += wide.test(segment) ? 2 : 1;
  return width;
}
