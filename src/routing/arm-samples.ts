/** Measurements of calls of one kind, by arm: only what is alike may be compared. */
export interface ArmSamples {
  readonly stable: readonly number[];
  readonly canary: readonly number[];
}

/** Fewer of an arm say nothing about their kind. */
const fewestOfKind = 5;

/** With fewer of either arm there is no telling them apart. */
const fewestOfArm = 50;

/** The kinds of which both arms have enough to compare; none where that is too little altogether. */
export function comparable(kinds: readonly ArmSamples[]): readonly ArmSamples[] {
  const both = kinds.filter(
    ({ stable, canary }) => stable.length >= fewestOfKind && canary.length >= fewestOfKind,
  );
  const count = (arm: keyof ArmSamples): number => both.reduce((sum, kind) => sum + kind[arm].length, 0);
  return count("stable") >= fewestOfArm && count("canary") >= fewestOfArm ? both : [];
}
