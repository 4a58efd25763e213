import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
const gateway = "switchyard.v1.GatewayService";

let world: RpcWorld;
beforeEach(async () => {
  world = await startRpcWorld({ maxInFlight: 0, streamMs: 300, unaryMs: 2_000 });
});
afterEach(() => world.close());

function clients() {
  return [
    createClient(Health, createGrpcTransport({ baseUrl: `http://${world.grpc}` })),
    createClient(Health, createGrpcTransport({ baseUrl: `http://${world.connect}` })),
    createClient(Health, createConnectTransport({ baseUrl: `http://${world.connect}`, httpVersion: "1.1" })),
  ];
}

describe("grpc.health.v1", () => {
  it("answers while the gateway is full", async () => {
    for (const client of clients()) {
      expect((await client.check({})).status).toBe(SERVING);
      expect((await client.check({ service: gateway })).status).toBe(SERVING);
    }
  });

  it("does not know other services", async () => {
    for (const client of clients()) {
      const error = ConnectError.from(
        await client.check({ service: "a.B" }).catch((cause: unknown) => cause),
      );
      expect(error.code).toBe(Code.NotFound);
      expect(error.rawMessage).toBe('no service named "a.B" is served here');
    }
  });

  it("lists every service", async () => {
    for (const client of clients()) {
      const { statuses } = await client.list({});
      expect(Object.entries(statuses).map(([name, { status }]) => [name, status])).toEqual(
        expect.arrayContaining([
          ["", SERVING],
          [gateway, SERVING],
        ]),
      );
    }
  });

  it("tells watchers each change, longer than any stream of a caller may last", async () => {
    const told: number[][] = [];
    const watches = clients().map(async (client, index) => {
      const seen: number[] = (told[index] = []);
      for await (const { status } of client.watch({ service: "" })) {
        seen.push(status);
        if (seen.length === 2) return;
      }
    });
    await expect.poll(() => told.map(({ length }) => length)).toEqual([1, 1, 1]);
    // Beyond streamMs.
    await new Promise((resolve) => setTimeout(resolve, 600));
    world.state.advance("leaving");
    await Promise.all(watches);
    expect(told).toEqual([
      [SERVING, NOT_SERVING],
      [SERVING, NOT_SERVING],
      [SERVING, NOT_SERVING],
    ]);
    for (const client of clients()) expect((await client.check({})).status).toBe(NOT_SERVING);
  });

  it("watches an unknown service as unknown", async () => {
    const told: unknown[] = [];
    for (const client of clients()) {
      // Leaving the loop alone would not do: connect-es tells a server nothing of it.
      const leaving = new AbortController();
      const watching = (async () => {
        for await (const { status } of client.watch({ service: "a.B" }, { signal: leaving.signal })) {
          told.push(status);
          leaving.abort();
        }
      })();
      await expect(watching).rejects.toMatchObject({ code: Code.Canceled });
    }
    expect(told).toEqual([SERVICE_UNKNOWN, SERVICE_UNKNOWN, SERVICE_UNKNOWN]);
    await expect
      .poll(() => world.record.spans.map(({ code }) => code))
      .toEqual(["CANCELLED", "CANCELLED", "CANCELLED"]);
  });
});
