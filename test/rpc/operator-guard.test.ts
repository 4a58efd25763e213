import { afterEach, describe, expect, it } from "vitest";
import { createSecret } from "../../src/config/secret.ts";
import { createOperatorGuard } from "../../src/rpc/operator-guard.ts";
import { openSocket } from "../support/raw-socket.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

const listModels = "/switchyard.v1.GatewayService/ListModels";

let world: RpcWorld | undefined;
afterEach(async () => {
  await world?.close();
});

async function post(headers: Record<string, string>, path = listModels): Promise<string> {
  const client = await openSocket(world!.connect);
  const lines = Object.entries({
    "content-type": "application/json",
    "content-length": "2",
    connection: "close",
    ...headers,
  });
  client.socket.write(
    `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n{}`,
  );
  await client.closed;
  return client.text().split("\r\n", 1)[0]!;
}

describe("the operator listener", () => {
  it("with a token serves who sends it, and nobody else", async () => {
    world = await startRpcWorld({
      connect: { guard: createOperatorGuard(createSecret("correct-horse-battery")) },
    });
    const host = "operator.example.com";
    expect(await post({ host, authorization: "Bearer correct-horse-battery" })).toBe("HTTP/1.1 200 OK");
    expect(await post({ host, authorization: "bearer  correct-horse-battery" })).toBe("HTTP/1.1 200 OK");
    for (const authorization of [
      "",
      "Bearer ",
      "Bearer correct-horse-batter",
      "correct-horse-battery",
      "Basic correct-horse-battery",
      "Bearer correct-horse-battery2",
    ]) {
      expect({ authorization, status: await post({ host, authorization }) }).toEqual({
        authorization,
        status: "HTTP/1.1 401 Unauthorized",
      });
    }
    expect(await post({ host }, "/nothing")).toBe("HTTP/1.1 401 Unauthorized");
    const probe = await fetch(`http://${world.connect}/livez`);
    expect(probe.status).toBe(200);
    await probe.text();
    expect(world.record.released).toBe(world.record.admitted);
  });

  it("without one serves loopback names only, so that no web page reaches it through its own name", async () => {
    world = await startRpcWorld({ connect: { guard: createOperatorGuard(undefined) } });
    for (const host of ["localhost", "localhost:9090", "127.0.0.1", "127.0.0.1:1", "[::1]:9090"]) {
      expect({ host, status: await post({ host }) }).toEqual({ host, status: "HTTP/1.1 200 OK" });
    }
    for (const host of ["evil.example.com", "127.0.0.1.evil.io", "localhost.evil.io:9090", "10.0.0.1"]) {
      expect({ host, status: await post({ host }) }).toEqual({ host, status: "HTTP/1.1 403 Forbidden" });
    }
  });
});
