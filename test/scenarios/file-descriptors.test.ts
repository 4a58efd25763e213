// A limit of this machine says nothing about an upstream: calls are refused, the breaker is not touched.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, it } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import { startFaultyUpstream } from "../support/faulty-upstream.ts";
import { startGatewayProcess } from "../support/gateway-process.ts";
import { anyKey } from "../support/parsed-config.ts";
import { answers } from "../support/upstream-behaviours.ts";

it("a gateway out of file descriptors refuses what it cannot send, and serves on", async () => {
  const upstream = await startFaultyUpstream(() => ({
    name: "answers after a while",
    answer: async (exchange) => {
      await exchange.pause(1000);
      await answers().answer(exchange);
    },
  }));
  await using gateway = await startGatewayProcess({
    config: `
upstreams: { main: { baseUrl: "${upstream.baseUrl}", keys: [{ id: a, env: KEY_A }], maxConnections: 256 } }
models: { acme/main: { upstreams: [main] } }
tiers: { simple: [acme/main], standard: [acme/main], advanced: [acme/main] }
simulator: { enabled: false }
drain: { delayMs: 0, graceMs: 1000 }
ledger: { off: true }
`,
    env: { KEY_A: anyKey },
    command: ["bash", "-c", `ulimit -n 64; exec "${process.execPath}" bin/switchyard.js serve`],
  });
  const client = createClient(
    GatewayService,
    createGrpcTransport({ baseUrl: `http://${gateway.addresses.grpc}` }),
  );
  const call = (): Promise<ConnectError | undefined> =>
    client
      .chat({
        target: { target: { case: "model", value: "acme/main" } },
        input: { messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: "x" } }] }] },
      })
      .then(
        () => undefined,
        (error: unknown) => ConnectError.from(error),
      );
  const errors = (await Promise.all(Array.from({ length: 100 }, call))).filter(
    (error) => error !== undefined,
  );
  expect(errors.length).toBeGreaterThan(10);
  expect(errors.length).toBeLessThan(100);
  for (const error of errors) {
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("GATEWAY_OVERLOADED");
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  }
  expect(await call()).toBeUndefined();
  const { deployments } = await client.health({});
  expect(deployments[0]).toMatchObject({ breakerState: BreakerState.CLOSED, failurePpm: 0, inFlight: 0 });
  await upstream.close();
}, 60_000);
