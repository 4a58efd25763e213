import { describe, expect, it } from "vitest";
import {
  addressesCollide,
  formatListenAddress,
  isLoopbackHost,
  parseListenAddress,
} from "../../src/config/listen-address.ts";

describe("parseListenAddress()", () => {
  const valid: readonly (readonly [string, string, number])[] = [
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    ["0.0.0.0:0", "0.0.0.0", 0],
    ["localhost:65535", "localhost", 65_535],
    ["[::1]:8080", "::1", 8080],
    ["[::]:9090", "::", 9090],
    ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
    ["my-host.internal:443", "my-host.internal", 443],
  ];
  for (const [text, host, port] of valid) {
    it(`reads ${text}, and writes it again`, () => {
      expect(parseListenAddress(text)).toEqual({ kind: "address", address: { host, port } });
      expect(formatListenAddress({ host, port })).toBe(text);
    });
  }

  it("reads off", () => {
    expect(parseListenAddress("off")).toEqual({ kind: "off" });
  });

  const malformed: readonly (readonly [string, RegExp])[] = [
    ["", /has no port/],
    ["8080", /has no port/],
    ["localhost", /has no port/],
    [":8080", /has no host: 0\.0\.0\.0/],
    ["*:8080", /has no host: 0\.0\.0\.0/],
    ["127.0.0.1:", /has a port that is not a number/],
    ["127.0.0.1:65536", /has a port that is not a number/],
    ["127.0.0.1:-1", /has a port that is not a number/],
    ["127.0.0.1:8e3", /has a port that is not a number/],
    ["127.0.0.1:99999999", /has a port that is not a number/],
    ["127.0.0.1: 80", /has a port that is not a number/],
    ["127.0.0.256:80", /neither a name nor an address/],
    ["::1:8080", /IPv6 address without brackets/],
    ["[::g]:80", /no IPv6 address/],
    ["[127.0.0.1]:80", /no IPv6 address/],
    ["[::1]", /has no port/],
    ["http://localhost:80", /is not an address/],
    ["a b:80", /neither a name nor an address/],
    ["-a:80", /neither a name nor an address/],
    ["OFF", /has no port/],
  ];
  for (const [text, why] of malformed) {
    it(`refuses ${JSON.stringify(text)}, saying what is allowed`, () => {
      const result = parseListenAddress(text);
      expect(result).toMatchObject({ kind: "malformed", message: expect.stringMatching(why) });
      expect(result).toMatchObject({ message: expect.stringContaining('must be "host:port"') });
    });
  }
});

describe("isLoopbackHost()", () => {
  for (const host of [
    "127.0.0.1",
    "127.8.9.1",
    "localhost",
    "LOCALHOST",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
  ]) {
    it(`takes ${host} for this machine alone`, () => {
      expect(isLoopbackHost(host)).toBe(true);
    });
  }
  for (const host of [
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "1127.0.0.1",
    "localhost.example.com",
    "127.example.com",
    "::2",
    "::11",
    "::ffff:10.0.0.1",
  ]) {
    it(`takes ${host} for reachable`, () => {
      expect(isLoopbackHost(host)).toBe(false);
    });
  }
});

describe("addressesCollide()", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["127.0.0.1:80", "127.0.0.1:80", true],
    ["127.0.0.1:80", "127.0.0.1:81", false],
    ["127.0.0.1:0", "127.0.0.1:0", false],
    ["0.0.0.0:80", "127.0.0.1:80", true],
    ["[::]:80", "127.0.0.1:80", true],
    ["localhost:80", "127.0.0.1:80", true],
    ["127.0.0.1:80", "127.0.0.2:80", false],
    ["127.0.0.1:80", "[::1]:80", false],
  ];
  for (const [one, other, expected] of cases) {
    it(`says that ${one} and ${other} ${expected ? "collide" : "do not collide"}`, () => {
      const [a, b] = [parseListenAddress(one), parseListenAddress(other)];
      if (a.kind !== "address" || b.kind !== "address") throw new Error("not addresses");
      expect(addressesCollide(a.address, b.address)).toBe(expected);
      expect(addressesCollide(b.address, a.address)).toBe(expected);
    });
  }
});
