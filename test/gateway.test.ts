import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createClient, ConnectError, Code } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { OperatorService } from "../gen/switchyard/operator/v1/operator_service_pb.ts";
import { GatewayService, ServingStatus } from "../gen/switchyard/v1/gateway_service_pb.ts";
import { type Gateway, startGateway } from "../src/gateway.ts";
import type { Log } from "../src/telemetry/log.ts";
import { chatInput } from "./support/call-samples.ts";
import { configOf } from "./support/parsed-config.ts";

type Line = Readonly<Record<string, unknown>>;

const quick = `
simulator: { firstTokenMs: 1, tokensPerSecond: 0 }
drain: { delayMs: 0, graceMs: 2000 }
ledger: { off: true }
`;

const free = '{ connect: "127.0.0.1:0", grpc: "127.0.0.1:0", operator: "127.0.0.1:0" }';

async function start(listen = free): Promise<{ gateway: Promise<Gateway>; lines: Line[] }> {
  const lines: Line[] = [];
  const write = (fields: Line, message: string): void => void lines.push({ ...fields, message });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const config = configOf(`${quick}\nlisten: ${listen}`);
  return { gateway: startGateway({ config, env: {}, log, version: "1.2.3" }), lines };
}

/** Whether somebody listens at `host:port`. */
async function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const clientOf = (address: string | undefined) =>
  createClient(GatewayService, createGrpcTransport({ baseUrl: `http://${address}` }));
const operatorOf = (address: string | undefined) =>
  createClient(OperatorService, createGrpcTransport({ baseUrl: `http://${address}` }));

async function codeOf(work: Promise<unknown>): Promise<Code | undefined> {
  const cause = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return cause === undefined ? undefined : ConnectError.from(cause).code;
}

describe("the gateway", () => {
  it("serves callers on two listeners and operators on their own, then leaves nothing behind", async () => {
    const { gateway: starting, lines } = await start();
    const gateway = await starting;
    const { addresses } = gateway;
    for (const address of [addresses.connect, addresses.grpc]) {
      const answer = await clientOf(address).chat({ input: chatInput });
      expect(answer.route?.deployment).toContain("@simulator");
      expect((await clientOf(address).health({})).status).toBe(ServingStatus.SERVING);
      expect(await codeOf(operatorOf(address).listKeys({}))).toBe(Code.Unimplemented);
    }
    expect(await codeOf(clientOf(addresses.operator).health({}))).toBe(Code.Unimplemented);
    const { candidates } = await operatorOf(addresses.operator).explainRoute({});
    expect(candidates[0]?.deployment).toContain("@simulator");
    const metrics = await fetch(`http://${addresses.operator}/metrics`);
    expect(await metrics.text()).toContain("switchyard_route_requests_total");
    expect((await fetch(`http://${addresses.connect}/metrics`)).status).toBe(404);

    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["config", "simulator", "listening", "ready"]),
    );
    await gateway.drain();
    for (const address of Object.values(addresses)) expect(await listens(address!)).toBe(false);
    const simulator = String(lines.find(({ event }) => event === "simulator")?.["baseUrl"]);
    expect(await listens(new URL(simulator).host)).toBe(false);
  });

  it("offers health and reflection on each listener, of what that listener serves", async () => {
    const { gateway: starting } = await start();
    const gateway = await starting;
    const { connect, grpc, operator } = gateway.addresses;
    for (const [address, mine, other] of [
      [connect, GatewayService, OperatorService],
      [grpc, GatewayService, OperatorService],
      [operator, OperatorService, GatewayService],
    ] as const) {
      const transport = createGrpcTransport({ baseUrl: `http://${address}` });
      const health = createClient(Health, transport);
      for (const service of ["", mine.typeName]) {
        expect(await health.check({ service })).toMatchObject({
          status: HealthCheckResponse_ServingStatus.SERVING,
        });
      }
      expect(await codeOf(health.check({ service: other.typeName }))).toBe(Code.NotFound);
      async function* question() {
        yield { messageRequest: { case: "listServices" as const, value: "" } };
      }
      for await (const { messageResponse } of createClient(ServerReflection, transport).serverReflectionInfo(
        question(),
      )) {
        if (messageResponse.case !== "listServicesResponse") throw new Error(`a ${messageResponse.case}`);
        expect(messageResponse.value.service.map(({ name }) => name).toSorted()).toEqual([
          Health.typeName,
          ServerReflection.typeName,
          "grpc.reflection.v1alpha.ServerReflection",
          mine.typeName,
        ]);
      }
    }
    await gateway.close();
  });

  it("says in the line and the span of a call who called", async () => {
    const { gateway: starting, lines } = await start();
    const gateway = await starting;
    const callers = ["team-a", "  ", "x".repeat(129), undefined];
    for (const caller of callers) {
      const headers: Record<string, string> = caller === undefined ? {} : { "x-switchyard-caller": caller };
      await clientOf(gateway.addresses.grpc).listModels({}, { headers });
    }
    const told = lines.filter(({ event }) => event === "request").map((line) => line["switchyard.caller.id"]);
    expect(told).toEqual(["team-a", "anonymous", "anonymous", "anonymous"]);
    await gateway.close();
  });

  it("opens no listener that is off", async () => {
    const { gateway: starting } = await start('{ connect: "off", grpc: "127.0.0.1:0", operator: "off" }');
    const gateway = await starting;
    expect(gateway.addresses).toMatchObject({ connect: undefined, operator: undefined });
    expect(await codeOf(clientOf(gateway.addresses.grpc).listModels({}))).toBeUndefined();
    await gateway.close();
  });

  it("closes what it opened where a later listener cannot be opened", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const bound = other.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    const { gateway, lines } = await start(
      `{ connect: "127.0.0.1:0", grpc: "127.0.0.1:0", operator: "127.0.0.1:${port}" }`,
    );
    await expect(gateway).rejects.toMatchObject({ code: "EADDRINUSE", port });
    const opened = lines.filter(({ event }) => event === "listening").map(({ address }) => String(address));
    expect(opened).toHaveLength(2);
    for (const address of opened) expect(await listens(address)).toBe(false);
    const simulator = String(lines.find(({ event }) => event === "simulator")?.["baseUrl"]);
    expect(await listens(new URL(simulator).host)).toBe(false);
    expect(lines.map(({ event }) => event)).not.toContain("ready");
    other.close();
  });

  it("ends a watch of decisions that a drain finds open, at once", async () => {
    const { gateway: starting } = await start();
    const gateway = await starting;
    const decisions = operatorOf(gateway.addresses.operator).watchDecisions({ backlog: 5 });
    await clientOf(gateway.addresses.grpc).chat({ input: chatInput });
    const reading = (async () => {
      const seen = [];
      try {
        for await (const { decision, status } of decisions) {
          seen.push(`${decision?.attempts.length} ${status}`);
          void gateway.drain();
        }
      } catch (cause) {
        seen.push(Code[ConnectError.from(cause).code]);
      }
      return seen;
    })();
    expect(await reading).toEqual(["1 OK", "Aborted"]);
    await gateway.drain();
  });
});
