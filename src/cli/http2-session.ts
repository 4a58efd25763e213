import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:http2";

const connectMs = 3000;

/** The HTTP/2 connection of one command, opened with its first call. */
export interface Http2Session {
  readonly authority: string;
  readonly request: (
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
  ) => Promise<ClientHttp2Stream>;
  readonly notifyResponseByteRead: () => void;
  readonly close: () => void;
}

/**
 * Stands in for connect-node's session manager, which stops listening for errors once a connection failed: a
 * server that answers in HTTP/1.1 then ended the process with an uncaught "Protocol error" (test/cli/chat.test.ts).
 * A command needs none of its pings and reconnections.
 */
export function createHttp2Session(baseUrl: string): Http2Session {
  const authority = new URL(baseUrl).origin;
  let opened: Promise<ClientHttp2Session> | undefined;
  let session: ClientHttp2Session | undefined;

  async function open(): Promise<ClientHttp2Session> {
    session = connect(authority);
    // Calls see the error through `once` or on their stream; what comes later is nobody's.
    session.on("error", () => undefined);
    // Its settings are the first that an HTTP/2 server says; what listens but never speaks is none.
    const spoke = once(session, "remoteSettings");
    const timer = setTimeout(() => session?.destroy(silent()), connectMs);
    try {
      await spoke;
      return session;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    authority,
    request: async (method, path, headers) => {
      opened ??= open();
      return (await opened).request({ ...headers, ":method": method, ":path": path });
    },
    notifyResponseByteRead: () => undefined,
    close: () => session?.destroy(),
  };
}

function silent(): Error {
  return Object.assign(new Error(`no answer within ${connectMs} ms`), { code: "ETIMEDOUT" });
}
