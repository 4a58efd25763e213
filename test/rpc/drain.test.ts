import { connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { interopClients, userMessage } from "../support/rpc-clients.ts";
import { openSocket } from "../support/raw-socket.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

let world: RpcWorld;
beforeEach(async () => {
  world = await startRpcWorld();
});
afterEach(() => world.close());

function drainBoth(times: { delayMs: number; graceMs: number }): Promise<unknown> {
  return Promise.all([world.servers.connect.drain(times), world.servers.grpc.drain(times)]);
}

describe("a drain", () => {
  it("says so at once and serves on during its delay", async () => {
    const clients = interopClients(world);
    const drained = drainBoth({ delayMs: 1_500, graceMs: 5_000 });
    const ready = await fetch(`http://${world.connect}/readyz`);
    expect({ status: ready.status, body: await ready.json() }).toEqual({
      status: 503,
      body: { status: "leaving" },
    });
    const live = await fetch(`http://${world.connect}/livez`);
    expect(live.status).toBe(200);
    await live.text();
    for (const address of [world.connect, world.grpc]) {
      const health = createClient(Health, createGrpcTransport({ baseUrl: `http://${address}` }));
      const { status } = await health.check({});
      expect(status).toBe(HealthCheckResponse_ServingStatus.NOT_SERVING);
    }
    for (const client of clients) {
      const { code } = await client.chat({ input: userMessage("x") });
      expect({ client: client.name, code }).toEqual({ client: client.name, code: 0 });
    }
    await drained;
    for (const client of clients) client.close();
  });

  it("lets running calls and streams finish, then closes every connection", async () => {
    const clients = interopClients(world);
    const running = clients.flatMap((client) => [
      client.chat({ input: userMessage("x"), labels: { act: "slow", ms: "1200" } }),
      client.chatStream({ input: userMessage("x"), labels: { act: "slow", ms: "300", count: "4" } }),
    ]);
    await expect.poll(() => world.record.contexts.length).toBe(running.length);
    const started = performance.now();
    const drained = drainBoth({ delayMs: 50, graceMs: 20_000 });
    const codes = (await Promise.all(running)).map(({ code }) => code);
    expect(codes).toEqual(codes.map(() => 0));
    await drained;
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect(fetch(`http://${world.connect}/livez`)).rejects.toThrow("fetch failed");
    for (const client of clients) client.close();
  });

  it("ends what outlasts its grace with GATEWAY_DRAINING: UNAVAILABLE before content, ABORTED after", async () => {
    const clients = interopClients(world);
    const unary = clients.map((client) =>
      client.chat({ input: userMessage("x"), labels: { act: "ignore-deadline" } }),
    );
    const streams = clients.map((client) =>
      client.chatStream({ input: userMessage("x"), labels: { act: "wait" } }),
    );
    await expect.poll(() => world.record.contexts.length).toBe(unary.length + streams.length);
    await sleep(100);
    const drained = drainBoth({ delayMs: 0, graceMs: 200 });
    const details = ["google.rpc.ErrorInfo: GATEWAY_DRAINING", "google.rpc.RetryInfo"];
    for (const outcome of await Promise.all(unary)) {
      expect({ code: outcome.code, details: outcome.details }).toEqual({ code: Code.Unavailable, details });
      expect(outcome.trailer("grpc-retry-pushback-ms")).toBe("1000");
    }
    for (const outcome of await Promise.all(streams)) {
      expect(outcome).toMatchObject({ answer: ["started", "delta"] });
      expect([Code.Aborted, Code.Unavailable]).toContain(outcome.code);
      expect(outcome.details).toEqual(details);
    }
    await drained;
    expect(world.record.ended.filter((end) => end !== "draining")).toEqual([]);
    for (const client of clients) client.close();
  });

  it("sends GOAWAY to idle HTTP/2 connections, and ends idle HTTP/1.1 ones and those that never spoke", async () => {
    const sessions = [connect(`http://${world.connect}`), connect(`http://${world.grpc}`)];
    const goaways = sessions.map((session) => new Promise((resolve) => session.once("goaway", resolve)));
    await Promise.all(
      sessions.map((session) => new Promise((resolve) => session.once("remoteSettings", resolve))),
    );
    const idle = await openSocket(world.connect);
    idle.socket.write("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await expect.poll(() => idle.text()).toContain("live");
    const silent = await openSocket(world.connect);
    await drainBoth({ delayMs: 0, graceMs: 5_000 });
    expect(await Promise.all(goaways)).toEqual([0, 0]);
    await Promise.all([idle.closed, silent.closed]);
  });

  it("is not held up by a watch of the health service", async () => {
    const told: HealthCheckResponse_ServingStatus[][] = [[], []];
    const watching = [world.connect, world.grpc].map(async (address, index) => {
      const seen = told[index]!;
      const health = createClient(Health, createGrpcTransport({ baseUrl: `http://${address}` }));
      try {
        for await (const { status } of health.watch({ service: "switchyard.v1.GatewayService" }))
          seen.push(status);
      } catch {
        // The drain ends it with a status.
      }
      return seen;
    });
    await expect.poll(() => told.map(({ length }) => length)).toEqual([1, 1]);
    const started = performance.now();
    await drainBoth({ delayMs: 100, graceMs: 20_000 });
    expect(performance.now() - started).toBeLessThan(10_000);
    const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
    expect(await Promise.all(watching)).toEqual([
      [SERVING, NOT_SERVING],
      [SERVING, NOT_SERVING],
    ]);
  });

  it("refuses calls that still arrive after its delay", async () => {
    const clients = interopClients(world);
    for (const client of clients) await client.chat({ input: userMessage("x") });
    world.state.advance("refusing");
    for (const client of clients) {
      for (const outcome of [
        await client.chat({ input: userMessage("x") }),
        await client.chatStream({ input: userMessage("x") }),
      ]) {
        expect({ client: client.name, code: outcome.code, details: outcome.details }).toEqual({
          client: client.name,
          code: Code.Unavailable,
          details: ["google.rpc.ErrorInfo: GATEWAY_DRAINING", "google.rpc.RetryInfo"],
        });
      }
      client.close();
    }
  });
});
