/** What is under way. Whoever is added is told its place, and gives the place back. */
export interface RunningCalls<Call> extends Iterable<Call> {
  readonly add: (call: Call) => number;
  readonly remove: (place: number) => void;
  readonly size: () => number;
}

/**
 * Places in one array that are used again, and not a Set: one that calls come to and go from is copied every few dozen
 * of them, each copy refers to the next, and a young collection, which takes what is old to be alive, keeps all copies
 * with every call that was ever in them (`OrderedHashTable::SetNextTable` in V8; docs/performance.md has the figures).
 */
export function createRunningCalls<Call>(): RunningCalls<Call> {
  const places: (Call | undefined)[] = [];
  const free: number[] = [];
  return {
    add(call) {
      const place = free.pop() ?? places.length;
      places[place] = call;
      return place;
    },
    remove(place) {
      places[place] = undefined;
      free.push(place);
    },
    size: () => places.length - free.length,
    *[Symbol.iterator]() {
      for (const call of places) if (call !== undefined) yield call;
    },
  };
}
