import { isIPv4, isIPv6 } from "node:net";
import type { ListenAddress } from "./config.ts";

/** Where a listener listens, `off`, or why the text says neither. */
export type ListenAddressResult =
  | { readonly kind: "address"; readonly address: ListenAddress }
  | { readonly kind: "off" }
  | { readonly kind: "malformed"; readonly message: string };

const allowed = 'must be "host:port", such as "127.0.0.1:8080" or "[::1]:8080" (port 0 picks one), or "off"';

/** Reads `host:port`, with an IPv6 address in brackets, or `off`. */
export function parseListenAddress(text: string): ListenAddressResult {
  if (text === "off") return { kind: "off" };
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>.*)):(?<port>[^:\]]*)$/.exec(text);
  const { v6, name, port: portText } = match?.groups ?? {};
  if (portText === undefined) return malformed("has no port");
  if (name?.includes(":") === true) {
    return malformed(isIPv6(name) ? "has an IPv6 address without brackets" : "is not an address");
  }
  if (name === "" || name === "*") return malformed("has no host: 0.0.0.0 stands for every interface");
  if (v6 !== undefined && !isIPv6(v6)) return malformed("has something in brackets that is no IPv6 address");
  if (name !== undefined && !isHost(name))
    return malformed("has a host that is neither a name nor an address");
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (!(port <= 65_535)) return malformed("has a port that is not a number from 0 to 65535");
  return { kind: "address", address: { host: v6 ?? name ?? "", port } };
}

function malformed(why: string): ListenAddressResult {
  return { kind: "malformed", message: `${why}; ${allowed}` };
}

/** The same text again: IPv6 in brackets. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** True where only this machine can reach it. A name other than `localhost` may resolve to anything. */
export function isLoopbackHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, "");
  if (isIPv4(plain)) return plain.startsWith("127.");
  return plain === "localhost" || /^(?:0{0,4}:){2,7}0{0,3}1$/.test(plain);
}

/** True where one machine may be unable to listen on both: same port, and hosts that are the same or may be. */
export function addressesCollide(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  if (a.host.toLowerCase() === b.host.toLowerCase()) return true;
  const certain = [a, b].every(({ host }) => (isIPv4(host) || isIPv6(host)) && !isWildcard(host));
  return !certain;
}

function isWildcard(host: string): boolean {
  return /^(?:0\.0\.0\.0|[0:]+)$/.test(host);
}

function isHost(name: string): boolean {
  if (isIPv4(name)) return true;
  const labels = name.split(".");
  // All digits is an address that went wrong, such as 127.0.0.256 or a lone port.
  if (labels.every((label) => /^\d*$/.test(label))) return false;
  return (
    name.length <= 253 &&
    labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
  );
}
