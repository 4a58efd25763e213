import type { ChoiceDelta } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { textUnits, unitsPerToken } from "./text-units.ts";

/** Counts what a stream has brought, to price it if its end never comes. */
export interface OutputMeter {
  add(delta: ChoiceDelta): void;
  /** Estimated tokens so far: what `estimateOutputTokens` says of the same text in one piece. */
  tokens(): number;
}

function deltaUnits({ delta }: ChoiceDelta): number {
  switch (delta.case) {
    case "text":
    case "reasoning":
    case "refusal":
      return textUnits(delta.value);
    case "toolCall":
      return textUnits(delta.value.name) + textUnits(delta.value.argumentsFragment);
    case "reasoningSignature":
    case undefined:
      break;
  }
  return 0;
}

/** Keeps a sum of whole units, so a thousand small deltas are not each rounded up. */
class UnitMeter implements OutputMeter {
  #units = 0;

  add(delta: ChoiceDelta): void {
    this.#units += deltaUnits(delta);
  }

  tokens(): number {
    return Math.ceil(this.#units / unitsPerToken);
  }
}

/** A meter of nothing yet. */
export function createOutputMeter(): OutputMeter {
  return new UnitMeter();
}
