import { create, type MessageInitShape } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChoiceDelta, ChoiceDeltaSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { joinDeltas } from "../../src/rpc/join-deltas.ts";

type Init = MessageInitShape<typeof ChoiceDeltaSchema>;

const delta = (init: Init): ChoiceDelta => create(ChoiceDeltaSchema, init);
const text = (value: string, index = 0): ChoiceDelta => delta({ index, delta: { case: "text", value } });
const tool = (argumentsFragment: string, more: { id?: string; name?: string; toolIndex?: number } = {}) =>
  delta({ delta: { case: "toolCall", value: { argumentsFragment, ...more } } });

describe("deltas of one read", () => {
  it("are one message where each goes on with the one before", () => {
    expect(joinDeltas([text("a"), text("b"), text("c")])).toEqual([text("abc")]);
  });

  it("stay apart where the choice or the kind changes, and in their order", () => {
    const reasoning = delta({ delta: { case: "reasoning", value: "r" } });
    const all = [text("a"), text("b", 1), text("c"), reasoning, text("d")];
    expect(joinDeltas(all)).toEqual(all);
  });

  it("of a tool call are joined until another call begins", () => {
    const first = tool("{", { id: "call-1", name: "look" });
    const second = tool("{}", { id: "call-2", name: "look" });
    expect(joinDeltas([first, tool("}"), second])).toEqual([
      tool("{}", { id: "call-1", name: "look" }),
      second,
    ]);
    const other = tool("1", { toolIndex: 1 });
    expect(joinDeltas([tool("0"), other])).toEqual([tool("0"), other]);
  });

  it("keep the log probabilities of all their tokens", () => {
    const scored = (token: string) =>
      delta({ delta: { case: "text", value: token }, logprobs: [{ token, logprob: -1 }] });
    const [joined] = joinDeltas([scored("a"), scored("b")]);
    expect(joined?.logprobs.map(({ token }) => token)).toEqual(["a", "b"]);
  });

  it("leave signatures of reasoning as they are", () => {
    const signature = delta({ delta: { case: "reasoningSignature", value: new Uint8Array([1]) } });
    expect(joinDeltas([signature, signature])).toEqual([signature, signature]);
  });

  it("say the same as before, for each choice and kind", () => {
    const kind = fc.constantFrom("text", "reasoning", "refusal");
    const some = fc.record({ index: fc.integer({ min: 0, max: 1 }), kind, value: fc.string() });
    fc.assert(
      fc.property(fc.array(some), (pieces) => {
        const deltas = pieces.map(({ index, kind, value }) => delta({ index, delta: { case: kind, value } }));
        const said = (all: readonly ChoiceDelta[]) => {
          const texts = new Map<string, string>();
          for (const { index, delta } of all) {
            const place = `${index} ${delta.case}`;
            if (typeof delta.value === "string") texts.set(place, (texts.get(place) ?? "") + delta.value);
          }
          return texts;
        };
        const joined = joinDeltas(deltas);
        expect(said(joined)).toEqual(said(deltas));
        expect(joined.length).toBeLessThanOrEqual(deltas.length);
      }),
    );
  });
});
