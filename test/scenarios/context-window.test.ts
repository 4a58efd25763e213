// A prompt that the named model's window cannot hold by our own count: nobody is asked in vain.
import { describe, expect, it } from "vitest";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { SkipReason } from "../../gen/switchyard/v1/routing_pb.ts";
import { runScenario, runUpstream } from "../support/running-scenario.ts";
import { twoUpstreams } from "../support/scenario-world.ts";
import { answers } from "../support/upstream-behaviours.ts";

/** Too many tokens for a window of one thousand, however they are counted. */
const text = "a long prompt ".repeat(10_000);
const input = { messages: [{ role: Role.USER, parts: [{ part: { case: "text" as const, value: text } }] }] };

for (const listener of ["grpc", "connect"] as const) {
  describe(`a prompt that is too long, on the ${listener} listener`, () => {
    it("goes to a model with a larger window at once", async () => {
      const main = await runUpstream(() => answers());
      const spare = await runUpstream(() => answers({ texts: ["spare"] }));
      const world = await runScenario({ config: twoUpstreams(main.baseUrl, spare.baseUrl), listener });
      for (const kind of ["chat", "chatStream"] as const) {
        const seen = await world[kind]({ input });
        expect(seen).toMatchObject({ code: "OK", text: "spare", route: { deployment: "acme/spare@spare" } });
        expect(seen.route!.attempts[0]).toMatchObject({
          deployment: "acme/main@main",
          skipReason: SkipReason.CONTEXT_TOO_LONG,
        });
      }
      expect(main.requests).toHaveLength(0);
    });

    it("is refused by name where no window is larger", async () => {
      const main = await runUpstream(() => answers());
      const spare = await runUpstream(() => answers());
      const config = twoUpstreams(main.baseUrl, spare.baseUrl).replace("Tokens: 100000", "Tokens: 1000");
      const world = await runScenario({ config, listener });
      for (const kind of ["chat", "chatStream"] as const) {
        expect(await world[kind]({ input })).toMatchObject({
          code: "INVALID_ARGUMENT",
          reason: "CONTEXT_LENGTH_EXCEEDED",
        });
      }
      expect([...main.requests, ...spare.requests]).toEqual([]);
    });
  });
}
