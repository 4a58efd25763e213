import type { Config, ListenAddress } from "../config/config.ts";

/** Where to reach a listener, or why that is not known. */
export type GatewayAddress =
  | { readonly kind: "known"; readonly baseUrl: string }
  | { readonly kind: "unknown"; readonly why: string };

/** The listener a command calls. */
export type CalledListener = "public" | "operator";

const hostAndPort = /^(\[[0-9a-fA-F:.%]+\]|[^\s:/@[\]]+):(\d{1,5})$/;

/** An address that a person typed: `host:port`, `[::1]:8080`, or a whole `http(s)://` URL without a path. */
export function parseAddress(text: string): GatewayAddress {
  const bad: GatewayAddress = {
    kind: "unknown",
    why: `"${text}" is no address: give host:port, such as 127.0.0.1:8080`,
  };
  if (/^https?:\/\//.test(text)) {
    const url = URL.parse(text);
    if (url === null || url.pathname !== "/" || url.search !== "" || url.username !== "") return bad;
    return { kind: "known", baseUrl: url.origin };
  }
  const match = hostAndPort.exec(text);
  const port = Number(match?.[2]);
  return match !== null && port >= 1 && port <= 65535 ? { kind: "known", baseUrl: `http://${text}` } : bad;
}

/** Where the gateway that runs with this config listens, seen from the same machine. */
export function configuredAddress(listen: Config["listen"], listener: CalledListener): GatewayAddress {
  const address = listener === "operator" ? listen.operator : (listen.connect ?? listen.grpc);
  if (address === undefined) {
    return {
      kind: "unknown",
      why: `the config turns the ${listener} listener off: pass --address host:port`,
    };
  }
  if (address.port === 0) {
    return {
      kind: "unknown",
      why: "the config lets the system pick the port: pass --address with the one that `serve` logged",
    };
  }
  return { kind: "known", baseUrl: `http://${reachableHost(address)}:${address.port}` };
}

/** A listener on every interface is reached over loopback; an IPv6 address stands in brackets. */
export function reachableHost({ host }: ListenAddress): string {
  if (host === "0.0.0.0" || host === "") return "127.0.0.1";
  if (host === "::" || host === "[::]") return "[::1]";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
