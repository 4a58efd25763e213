import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { type Behaviour, type FaultyUpstream } from "../support/faulty-upstream.ts";
import { callRawGrpc, grpcHead, type RawGrpcCall } from "../support/raw-grpc.ts";
import { openSocket } from "../support/raw-socket.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { patientLimits, type ScenarioWorld, type Seen } from "../support/scenario-world.ts";
import { answersAfter } from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

/** Answers only what comes after it was opened, and then everything. */
function createGate(): { readonly behaviour: Behaviour; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { behaviour: answersAfter(promise), open: resolve };
}

/** Holds twenty calls. */
const small = "limits: { maxInFlight: 20, maxRequestBytes: 1048576 }";

/** What cannot be parsed, and what is not there. */
const bodies: readonly {
  readonly what: string;
  readonly grpc: Pick<RawGrpcCall, "body" | "end">;
  /** The JSON of a Connect client, and how much of it is announced. */
  readonly json: { readonly text: string; readonly length: number };
}[] = [
  {
    what: "a malformed body",
    grpc: { body: Buffer.concat([grpcHead(3), Buffer.from([0xff, 0xff, 0xff])]) },
    json: { text: '{"a"', length: 4 },
  },
  {
    what: "an unfinished body",
    grpc: { body: Buffer.concat([grpcHead(1000), Buffer.from([1])]), end: false },
    json: { text: '{"input":', length: 1000 },
  },
];

/** `ErrorInfo.reason` of what becomes of such a call. */
async function grpcReason(address: string, call: RawGrpcCall): Promise<string | undefined> {
  const status = await callRawGrpc(address, call);
  const bytes = Buffer.from(String(status["grpc-status-details-bin"]), "base64");
  const [info] = fromBinary(StatusSchema, bytes).details;
  return info && fromBinary(ErrorInfoSchema, info.value).reason;
}

/** The same of a Connect call over HTTP/1.1; a streamed one's message stands in an envelope. */
async function connectReason(
  address: string,
  method: string,
  { text, length }: { readonly text: string; readonly length: number },
): Promise<string | undefined> {
  const raw = await openSocket(address);
  const streamed = method === "ChatStream";
  const type = streamed ? "application/connect+json" : "application/json";
  const body = streamed ? Buffer.concat([grpcHead(length), Buffer.from(text)]) : Buffer.from(text);
  raw.socket.write(
    `POST /switchyard.v1.GatewayService/${method} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\n` +
      `content-length: ${length + (streamed ? 5 : 0)}\r\n\r\n`,
  );
  raw.socket.write(body);
  const reason = /"reason":"([A-Z_]+)"/;
  await expect.poll(raw.text).toMatch(reason);
  raw.socket.destroy();
  return reason.exec(raw.text())?.[1];
}

let gate: ReturnType<typeof createGate>;

async function start(listener: "grpc" | "connect", limits: string): Promise<void> {
  gate = createGate();
  const script = (): Behaviour => gate.behaviour;
  const more = `${patientLimits}\n${limits}`;
  ({ main, spare, world } = await runBetweenTwo({ script, spareScript: script, listener, more }));
}

for (const listener of ["grpc", "connect"] as const) {
  describe(`a full gateway, on the ${listener} listener`, () => {
    it("answers what it admits, and refuses the rest at once with a time to come back", async () => {
      await start(listener, small);
      const calls = Array.from({ length: 40 }, () => world.chat());
      await main.received(19);
      gate.open();
      const seen = await Promise.all(calls);
      const answered = seen.filter(({ code }) => code === "OK");
      const refused = seen.filter(({ code }) => code !== "OK");
      // Nineteen: critical calls, the default, are refused from 95 % on.
      expect(answered.length).toBeGreaterThanOrEqual(19);
      expect(refused.length).toBeGreaterThan(0);
      for (const one of refused) {
        expect(one).toMatchObject({ code: "UNAVAILABLE", reason: "GATEWAY_OVERLOADED" });
        expect(one.retryAfterMs).toBeGreaterThan(0);
        expect(Number(one.pushback)).toBeGreaterThan(0);
      }
      expect((await world.chat()).code).toBe("OK");
    });

    it("has room by how much a call matters, when twice as many come as it holds", async () => {
      await start(listener, small);
      const sent: Promise<Seen>[] = [];
      const refused: string[] = [];
      const send = (count: number, criticality: string): void => {
        for (let call = 0; call < count; call++) {
          const seen = world.chat({ headers: { "x-switchyard-criticality": criticality } });
          sent.push(seen);
          void seen.then(({ code, reason }) => code !== "OK" && refused.push(`${criticality}: ${reason}`));
        }
      };
      const refuses = async (count: number, criticality: string): Promise<void> => {
        const words = Array<string>(count).fill(`${criticality}: GATEWAY_OVERLOADED`);
        await expect.poll(() => refused).toHaveLength(count);
        expect(refused.splice(0)).toEqual(words);
      };
      // 70, 80, 95 and 100 % of twenty. Whoever may be shed is not asked to fill it: a late event loop sheds them.
      send(14, "critical");
      await main.received(14);
      send(8, "sheddable");
      await refuses(8, "sheddable");
      send(2, "critical");
      await main.received(16);
      send(8, "sheddable-plus");
      await refuses(8, "sheddable-plus");
      send(6, "critical");
      await refuses(3, "critical");
      send(4, "critical-plus");
      await refuses(3, "critical-plus");
      await main.received(20);
      gate.open();
      const seen = await Promise.all(sent);
      expect(seen).toHaveLength(42);
      expect(seen.filter(({ code }) => code === "OK")).toHaveLength(20);
    });

    it("refuses a call before its body is parsed, or there", async () => {
      await start(listener, small);
      const inside = Array.from({ length: 19 }, () => world.chat());
      await main.received(19);
      const address = world.gateway.addresses[listener]!;
      for (const method of ["Chat", "ChatStream"]) {
        for (const { what, grpc, json } of bodies) {
          const told = { what, method, reason: "GATEWAY_OVERLOADED" };
          expect({ what, method, reason: await grpcReason(address, { method, ...grpc }) }).toEqual(told);
          if (listener === "grpc") continue;
          expect({ what, method, reason: await connectReason(address, method, json) }).toEqual(told);
        }
      }
      gate.open();
      await Promise.all(inside);
      // With room, the same bodies are read: the one is faulty, and the other is waited for.
      for (const method of ["Chat", "ChatStream"]) {
        const { grpc, json } = bodies[0]!;
        expect(await grpcReason(address, { method, ...grpc })).toBe("INVALID_REQUEST");
        if (listener === "connect")
          expect(await connectReason(address, method, json)).toBe("INVALID_REQUEST");
      }
    });
  });

  describe(`a full deployment, on the ${listener} listener`, () => {
    it("is passed over, and never called more often at once than its limiter allows", async () => {
      await start(listener, "limiter: { start: 4, min: 1, max: 4 }");
      const calls = Array.from({ length: 8 }, () => world.chat());
      await spare.received(4);
      gate.open();
      const seen = await Promise.all(calls);
      expect(seen.map(({ code }) => code)).toEqual(Array(8).fill("OK"));
      expect(main.requests).toHaveLength(4);
      expect(spare.requests).toHaveLength(4);
    });
  });
}
