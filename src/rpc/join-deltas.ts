import { create } from "@bufbuild/protobuf";
import type { TokenLogprob } from "../../gen/switchyard/v1/content_pb.ts";
import { type ChoiceDelta, ChoiceDeltaSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";

/**
 * The same content in fewer messages: neighbours that go on where the one before ended become one. What came in one read
 * is there at once, so nobody waits for it; a caller that is behind gets what it missed in one message.
 */
export function joinDeltas(deltas: readonly ChoiceDelta[]): readonly ChoiceDelta[] {
  if (deltas.length < 2) return deltas;
  const joined: ChoiceDelta[] = [];
  let run: ChoiceDelta[] = [];
  for (const delta of deltas) {
    const before = run.at(-1);
    if (before === undefined || goesOn(before, delta)) {
      run.push(delta);
      continue;
    }
    joined.push(whole(run));
    run = [delta];
  }
  joined.push(whole(run));
  return joined;
}

/** True where the second is text of the same kind for the same place. */
function goesOn(
  { index, delta: before }: ChoiceDelta,
  { index: nextIndex, delta: after }: ChoiceDelta,
): boolean {
  if (index !== nextIndex) return false;
  if (before.case === "toolCall" && after.case === "toolCall") {
    // With its id or name another call may begin, whatever its index says.
    const { toolIndex, id, name } = after.value;
    return before.value.toolIndex === toolIndex && id === "" && name === "";
  }
  return before.case === after.case && isText(before.case);
}

function isText(kind: ChoiceDelta["delta"]["case"]): kind is "text" | "reasoning" | "refusal" {
  return kind === "text" || kind === "reasoning" || kind === "refusal";
}

/** @param run of at least one, each of which goes on with the one before */
function whole(run: readonly ChoiceDelta[]): ChoiceDelta {
  const [first] = run;
  if (first === undefined) throw new Error("nothing to join");
  if (run.length === 1) return first;
  const { index, delta } = first;
  const logprobs: TokenLogprob[] = run.flatMap((one) => one.logprobs);
  const text = run.map(textOf).join("");
  if (delta.case === "toolCall") {
    const { toolIndex, id, name } = delta.value;
    const value = { toolIndex, id, name, argumentsFragment: text };
    return create(ChoiceDeltaSchema, { index, delta: { case: "toolCall", value }, logprobs });
  }
  if (!isText(delta.case)) throw new Error(`${delta.case} cannot be joined`);
  return create(ChoiceDeltaSchema, { index, delta: { case: delta.case, value: text }, logprobs });
}

function textOf({ delta }: ChoiceDelta): string {
  switch (delta.case) {
    case "text":
    case "reasoning":
    case "refusal":
      return delta.value;
    case "toolCall":
      return delta.value.argumentsFragment;
    case "reasoningSignature":
    case undefined:
      return "";
  }
}
