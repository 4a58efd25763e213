import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerCors } from "../../src/rpc/cors.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

const origin = "https://app.example.com";

describe("answerCors", () => {
  const ask = { method: "OPTIONS", origin, requestedMethod: "POST" };

  it("says nothing while no origin is allowed", () => {
    expect(answerCors([], ask)).toEqual({ headers: {}, preflight: false });
  });

  it("allows a named origin by name, and tells caches that it depends on it", () => {
    const { headers, preflight } = answerCors([origin], ask);
    expect(preflight).toBe(true);
    expect(headers).toMatchObject({ "access-control-allow-origin": origin, vary: "Origin" });
    expect(headers["access-control-allow-headers"]).toContain("x-switchyard-caller");
    expect(headers["access-control-allow-methods"]).toBe("POST, GET");
  });

  for (const other of [
    "https://app.example.com.evil.io",
    "http://app.example.com",
    "https://APP.example.com:444",
    "null",
  ]) {
    it(`gives ${other} nothing but the hint for caches`, () => {
      expect(answerCors([origin], { ...ask, origin: other }).headers).toEqual({ vary: "Origin" });
    });
  }

  it("lets any origin in for a star, without naming it", () => {
    const { headers } = answerCors(["*"], { method: "POST", origin, requestedMethod: undefined });
    expect(headers["access-control-allow-origin"]).toBe("*");
    expect(headers["vary"]).toBeUndefined();
    expect(headers["access-control-expose-headers"]).toContain("grpc-status");
    expect(headers["access-control-expose-headers"]).toContain("x-trace-id");
  });

  it("takes an OPTIONS that asks nothing for an ordinary request", () => {
    expect(answerCors([origin], { method: "OPTIONS", origin, requestedMethod: undefined }).preflight).toBe(
      false,
    );
  });
});

describe("a listener with CORS", () => {
  let world: RpcWorld;
  beforeAll(async () => {
    world = await startRpcWorld({ connect: { allowedOrigins: [origin] } });
  });
  afterAll(() => world.close());

  it("answers the preflight itself, and lets a page read answers and errors", async () => {
    const url = `http://${world.connect}/switchyard.v1.GatewayService/Chat`;
    const preflight = await fetch(url, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    const refused = await fetch(url, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: "{}",
    });
    expect(refused.status).toBe(400);
    expect(refused.headers.get("access-control-allow-origin")).toBe(origin);
    await refused.text();
    const web = await fetch(url, {
      method: "POST",
      headers: { origin, "content-type": "application/grpc-web+proto" },
      body: new Uint8Array(5),
    });
    expect(web.headers.get("access-control-expose-headers")).toContain("grpc-status-details-bin");
    await web.arrayBuffer();
    expect(world.record.spans.length).toBe(2);
  });
});
