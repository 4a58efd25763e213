import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { AttemptOutcome, StreamRestart } from "../../gen/switchyard/v1/routing_pb.ts";
import { Role, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { type Behaviour, type Script } from "../support/faulty-upstream.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { quickLimits, type ScenarioWorld } from "../support/scenario-world.ts";
import {
  answers,
  chunkEvent,
  httpChunk,
  httpResponse,
  streamsEvents,
  streamsThenResets,
  wholeEvents,
} from "../support/upstream-behaviours.ts";

let world: ScenarioWorld;

type Listener = "grpc" | "connect";

async function start(script: Script, listener: Listener, more = quickLimits): Promise<void> {
  const spareScript: Script = () => answers({ texts: ["from", " the spare"] });
  ({ world } = await runBetweenTwo({ script, spareScript, listener, more }));
}

const call = (index: number, more: object): string => chunkEvent({ tool_calls: [{ index, ...more }] });
const done = "data: [DONE]\n\n";
const stop = chunkEvent({}, { finish_reason: "stop" });

for (const listener of ["grpc", "connect"] as const) {
  describe(`a stream on the ${listener} listener`, () => {
    it("starts over at another deployment where its caller allows that, and never joins two answers", async () => {
      await start(() => streamsThenResets(2), listener);
      const streamRestart = StreamRestart.ALLOWED;
      const seen = await world.chatStream({ routing: { fallback: { streamRestart } } });
      expect(seen).toMatchObject({ code: "OK", text: "from the spare" });
      // How many messages the content takes is for the network to say.
      const turns = seen.events.filter((event, at) => event !== seen.events[at - 1]);
      expect(turns).toEqual(["started", "delta", "restarted", "delta", "finished"]);
      expect(seen.route?.attempts.map(({ outcome }) => outcome)).toEqual([
        AttemptOutcome.FAILED,
        AttemptOutcome.SUCCEEDED,
      ]);
      // What the broken one produced is paid as well.
      expect(seen.route!.totalCost!.nanosUsd).toBeGreaterThan(seen.route!.attempts[1]!.cost!.nanosUsd);
      expect(seen.route!.totalCost!.nanosUsd).toBe(
        seen.route!.attempts.reduce((sum, { cost }) => sum + (cost?.nanosUsd ?? 0n), 0n),
      );
    });

    it("is held back until it is whole where its caller wants that", async () => {
      await start(() => streamsThenResets(2), listener);
      const seen = await world.chatStream({ routing: { fallback: { streamRestart: StreamRestart.BUFFER } } });
      expect(seen).toMatchObject({ code: "OK", text: "from the spare" });
      expect(seen.events).not.toContain("restarted");
    });

    it("is not read faster than its caller takes it, and is not idle meanwhile", async () => {
      // More than the buffers of two loopback connections hold, less than the limit of a body.
      const pieces = 1800;
      const text = "x".repeat(16_384);
      let sent = 0;
      const floods: Behaviour = {
        name: "floods",
        answer: async (exchange) => {
          const headers = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };
          await exchange.write(httpResponse(200, headers));
          for (const event of [...Array<string>(pieces).fill(chunkEvent({ content: text })), stop, done]) {
            if (!(await exchange.write(httpChunk(event)))) return;
            sent += 1;
          }
          await exchange.write(httpChunk(""));
        },
      };
      await start(() => floods, listener);
      let seenDeltas = 0;
      let sentWhilePaused = 0;
      const seen = await world.chatStream({
        onEvent: async (event) => {
          if (event !== "delta") return;
          seenDeltas += 1;
          if (seenDeltas !== 1) return;
          // Longer than every idle limit.
          await sleep(900);
          sentWhilePaused = sent;
        },
      });
      expect(seen).toMatchObject({ code: "OK" });
      expect(seen.text).toHaveLength(pieces * text.length);
      // HTTP/2 has windows of its own; of HTTP/1.1 a machine's sockets may hold all that a body may have.
      if (listener === "grpc") expect(sentWhilePaused).toBeLessThan(pieces);
    });

    it("puts tool calls together by their index, whatever the order of their pieces", async () => {
      await start(
        () =>
          streamsEvents([
            call(1, { id: "call_b", type: "function", function: { name: "second", arguments: "" } }),
            call(0, { id: "call_a", type: "function", function: { name: "first", arguments: '{"x"' } }),
            call(1, { function: { arguments: '{"y":2' } }),
            call(0, { function: { arguments: ":1}" } }),
            call(1, { function: { arguments: "}" } }),
            chunkEvent({}, { finish_reason: "tool_calls" }),
            done,
          ]),
        listener,
      );
      const calls = new Map<number, { id: string; name: string; args: string }>();
      const events = world.client.chatStream({
        target: { target: { case: "model", value: "acme/main" } },
        input: { messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: "x" } }] }] },
      });
      for await (const { event } of events) {
        if (event.case !== "delta" || event.value.delta.case !== "toolCall") continue;
        const { toolIndex, id, name, argumentsFragment } = event.value.delta.value;
        const known = calls.get(toolIndex) ?? { id: "", name: "", args: "" };
        calls.set(toolIndex, {
          id: known.id + id,
          name: known.name + name,
          args: known.args + argumentsFragment,
        });
      }
      expect([...calls].toSorted(([a], [b]) => a - b)).toEqual([
        [0, { id: "call_a", name: "first", args: '{"x":1}' }],
        [1, { id: "call_b", name: "second", args: '{"y":2}' }],
      ]);
    });

    it("is priced by the model that answered, where the upstream serves another one", async () => {
      await start(
        () => answers({ model: "acme/spare", usage: { prompt_tokens: 1000, completion_tokens: 0 } }),
        listener,
      );
      const seen = await world.chatStream();
      expect(seen.usage).toMatchObject({ inputTokens: 1000, source: UsageSource.UPSTREAM });
      expect(seen.route).toMatchObject({ deployment: "acme/main@main", totalCost: { nanosUsd: 1_000_000n } });
    });

    it("keeps its order and its characters over many pieces", async () => {
      const texts = Array.from({ length: 500 }, (_, index) => `${index} — 가나다 👩‍👩‍👧 `);
      await start(() => streamsEvents([wholeEvents({ texts }).join("")]), listener);
      const seen = await world.chatStream();
      expect(seen.text).toBe(texts.join(""));
    });
  });
}
