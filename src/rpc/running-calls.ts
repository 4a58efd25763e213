/** What may be under way. */
export interface Placed {
  /** Where it stands, from when it is added. Only the set of its calls writes it. */
  place: number;
}

/** What is under way. */
export interface RunningCalls<Call extends Placed> extends Iterable<Call> {
  readonly add: (call: Call) => void;
  /** Once for each that was added. */
  readonly remove: (call: Call) => void;
  readonly size: () => number;
}

/**
 * Places in one array that are used again, and not a Set: one that calls come to and go from is copied every few dozen
 * of them, each copy refers to the next, and a young collection, which takes what is old to be alive, keeps all copies
 * with every call that was ever in them (`OrderedHashTable::SetNextTable` in V8; docs/performance.md has the figures).
 */
export function createRunningCalls<Call extends Placed>(): RunningCalls<Call> {
  const places: (Call | undefined)[] = [];
  const free: number[] = [];
  return {
    add(call) {
      call.place = free.pop() ?? places.length;
      places[call.place] = call;
    },
    remove({ place }) {
      places[place] = undefined;
      free.push(place);
    },
    size: () => places.length - free.length,
    *[Symbol.iterator]() {
      for (const call of places) if (call !== undefined) yield call;
    },
  };
}
