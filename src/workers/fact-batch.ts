/** What is told within one turn of the event loop, told together: a message costs more than what is in it. */
export interface FactBatch<Fact> {
  readonly add: (fact: Fact) => void;
  /** Before anything else is sent, so that all is heard in the order in which it was said. */
  readonly flush: () => void;
}

/** @param send never gets an empty list */
export function createFactBatch<Fact>(send: (facts: readonly Fact[]) => void): FactBatch<Fact> {
  let facts: Fact[] = [];
  let turn: NodeJS.Immediate | undefined;
  const flush = (): void => {
    clearImmediate(turn);
    turn = undefined;
    if (facts.length === 0) return;
    const batch = facts;
    facts = [];
    send(batch);
  };
  return {
    add: (fact) => {
      facts.push(fact);
      turn ??= setImmediate(flush);
    },
    flush,
  };
}
