import { describe, expect, it } from "vitest";
import { configuredAddress, parseAddress } from "../../src/cli/gateway-address.ts";

const listen = {
  connect: { host: "127.0.0.1", port: 8080 },
  grpc: { host: "127.0.0.1", port: 50051 },
  operator: { host: "127.0.0.1", port: 9090 },
};

describe("parseAddress()", () => {
  for (const [text, baseUrl] of [
    ["127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["gateway.internal:80", "http://gateway.internal:80"],
    ["[::1]:8080", "http://[::1]:8080"],
    ["https://gateway.example", "https://gateway.example"],
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
  ] as const) {
    it(`takes ${text}`, () => {
      expect(parseAddress(text)).toEqual({ kind: "known", baseUrl });
    });
  }

  const bad = [
    "",
    "8080",
    ":8080",
    "host",
    "host:0",
    "host:70000",
    "::1:8080",
    "a b:80",
    "http://h/p",
    "u@h:1",
  ];
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseAddress(text).kind).toBe("unknown");
    });
  }
});

describe("configuredAddress()", () => {
  it("takes the Connect listener, which speaks every protocol", () => {
    expect(configuredAddress(listen, "public")).toEqual({ kind: "known", baseUrl: "http://127.0.0.1:8080" });
  });

  it("takes the gRPC listener where the other is off", () => {
    const address = configuredAddress({ ...listen, connect: undefined }, "public");
    expect(address).toEqual({ kind: "known", baseUrl: "http://127.0.0.1:50051" });
  });

  it("reaches a listener on every interface over loopback", () => {
    for (const [host, reached] of [
      ["0.0.0.0", "127.0.0.1"],
      ["::", "[::1]"],
      ["::1", "[::1]"],
    ] as const) {
      const address = configuredAddress({ ...listen, operator: { host, port: 9090 } }, "operator");
      expect(address).toEqual({ kind: "known", baseUrl: `http://${reached}:9090` });
    }
  });

  it("asks for an address where the system picks the port or the listener is off", () => {
    expect(configuredAddress({ ...listen, connect: { host: "127.0.0.1", port: 0 } }, "public").kind).toBe(
      "unknown",
    );
    expect(configuredAddress({ ...listen, operator: undefined }, "operator").kind).toBe("unknown");
  });
});
