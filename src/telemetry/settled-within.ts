import { problemText } from "./problem-text.ts";

/**
 * Waits for work to end, well or badly, but no longer than this; never rejects. A rejection can be anything:
 * the SDK's own are arrays where a queue is long.
 * @param unfinished told why where it did not end well
 */
export async function settledWithin(
  ms: number,
  work: () => Promise<void>,
  unfinished: (what: string) => void,
): Promise<void> {
  const { promise: late, resolve: giveUp } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => giveUp("late"), ms);
  // Also where it fails after we gave up: nobody else listens.
  const ended = Promise.resolve()
    .then(work)
    .then(
      () => "done" as const,
      (reason: unknown) => ({ reason }),
    );
  const result = await Promise.race([ended, late]);
  clearTimeout(timer);
  if (result === "late") unfinished(`the collector did not answer within ${ms} ms`);
  if (typeof result === "object") unfinished(problemText([result.reason]));
}
