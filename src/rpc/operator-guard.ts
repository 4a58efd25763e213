import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../config/secret.ts";
import { errorInfo } from "./error-info.ts";
import { authorityOf, type HttpRequest } from "./http-message.ts";
import { RpcError } from "./rpc-error.ts";

/** Refuses a request for who makes it; undefined lets it through. */
export type RequestGuard = (request: HttpRequest) => RpcError | undefined;

/**
 * Who may use the operator listener: with a token configured, who sends it as `authorization: Bearer …`; without
 * one, who calls from this machine by a loopback name. The name matters: a web page whose own host name
 * was pointed at 127.0.0.1 (DNS rebinding) still sends that name.
 */
export function createOperatorGuard(token: Secret | undefined): RequestGuard {
  if (token === undefined) return loopbackOnly;
  const expected = digest(`Bearer ${token.reveal()}`);
  return (request) => {
    const given = request.headers.authorization;
    // Digests have one length, so the comparison tells nothing of the token's.
    if (given !== undefined && timingSafeEqual(digest(normalise(given)), expected)) return undefined;
    return new RpcError(
      "UNAUTHENTICATED",
      "the operator listener needs its token: send `authorization: Bearer <token>`",
      [errorInfo("UNAUTHENTICATED")],
    );
  };
}

function loopbackOnly(request: HttpRequest): RpcError | undefined {
  const authority = authorityOf(request);
  const name = authority === undefined ? undefined : URL.parse(`http://${authority}`)?.hostname;
  if (isLoopback(request.socket.remoteAddress) && (name === "localhost" || isLoopback(name)))
    return undefined;
  return new RpcError(
    "PERMISSION_DENIED",
    "the operator listener serves only this machine: configure operator.tokenEnv to open it",
    [errorInfo("PERMISSION_DENIED")],
  );
}

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.replace(/^\[|\]$/g, "").replace(/^::ffff:/i, "");
  return plain === "::1" || /^127(\.\d{1,3}){3}$/.test(plain);
}

// The scheme is case-insensitive: RFC 9110, section 11.1.
function normalise(authorization: string): string {
  return authorization.replace(/^bearer +/i, "Bearer ");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
