/** Some of many values, evenly spread over the order in which they came. */
export interface ThinnedSample {
  readonly add: (value: number) => void;
  readonly values: () => readonly number[];
}

/** Keeps up to `most` values: where they are full, every other one goes, and of the next ones every other is left out. */
export function createThinnedSample(most: number): ThinnedSample {
  let kept: number[] = [];
  let every = 1;
  let seen = 0;
  return {
    add: (value) => {
      if (seen++ % every !== 0) return;
      if (kept.length >= most) {
        kept = kept.filter((_, index) => index % 2 === 0);
        every *= 2;
        if ((seen - 1) % every !== 0) return;
      }
      kept.push(value);
    },
    values: () => kept,
  };
}
