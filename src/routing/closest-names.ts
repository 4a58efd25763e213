/** Shorter names stand inside others by chance. */
const leastContained = 3;

/**
 * The names most like `wanted`, best first, at most `limit`: for "did you mean" in errors.
 * Only names within a third of their length in edits, or of which one contains the other.
 */
export function closestNames(wanted: string, names: Iterable<string>, limit = 3): readonly string[] {
  const lower = wanted.toLowerCase();
  const scored: { name: string; distance: number }[] = [];
  for (const name of names) {
    const candidate = name.toLowerCase();
    const apart = Math.abs(lower.length - candidate.length);
    const most = Math.max(2, Math.floor(candidate.length / 3));
    if (contains(lower, candidate) || contains(candidate, lower)) scored.push({ name, distance: apart });
    else if (apart <= most) {
      const distance = editDistance(lower, candidate);
      if (distance <= most) scored.push({ name, distance });
    }
  }
  return scored
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((entry) => entry.name);
}

function contains(whole: string, part: string): boolean {
  return part.length >= leastContained && whole.includes(part);
}

/** Levenshtein distance over UTF-16 units; names here are short (at most 190 characters by contract). */
function editDistance(a: string, b: string): number {
  let distances = Array.from({ length: b.length + 1 }, (_, column) => column);
  let left = b.length;
  for (let row = 1; row <= a.length; row++) {
    let diagonal = 0;
    distances = distances.map((above, column) => {
      const differ = a.charCodeAt(row - 1) === b.charCodeAt(column - 1) ? 0 : 1;
      left = column === 0 ? row : Math.min(diagonal + differ, left + 1, above + 1);
      diagonal = above;
      return left;
    });
  }
  return left;
}
