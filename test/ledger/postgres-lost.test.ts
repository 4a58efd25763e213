// A PostgreSQL that goes away in the middle, played by a server that knows just enough of the protocol.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { postgresProblem } from "../../src/ledger/postgres-problem.ts";
import { createPostgresStore } from "../../src/ledger/postgres-store.ts";

// AuthenticationOk and ReadyForQuery; CommandComplete and ReadyForQuery in a transaction.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
const welcome = Buffer.from("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", "latin1");
const begun = Buffer.from("C\0\0\0\x0aBEGIN\0Z\0\0\0\x05T", "latin1");

/** @param leave what happens to the connection once a transaction has begun on it. Returns the server's URL. */
async function startLeavingServer(leave: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    let messages = 0;
    socket.on("error", () => {});
    socket.on("data", () => {
      messages += 1;
      if (messages === 1) socket.write(welcome);
      if (messages === 2) socket.write(begun, () => leave(socket));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return `postgres://ledger@127.0.0.1:${typeof address === "object" ? address?.port : 0}/ledger`;
}

it.each([
  ["reset", (socket: Socket) => void socket.resetAndDestroy()],
  ["closed", (socket: Socket) => void socket.end()],
])(
  "a connection that is %s in a transaction is a problem of that question, and of nothing else",
  async (_, leave) => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on("uncaughtException", note);
    onTestFinished(() => void process.off("uncaughtException", note));
    const store = createPostgresStore(await startLeavingServer(leave));
    expect(await store.append([])).toMatchObject({ kind: "failed" });
    await store.close();
    expect(uncaught).toEqual([]);
  },
);

it.each(["EPIPE", "EPERM", "ECONNREFUSED"])(
  "%s is the system's word and not SQL's: nobody is there",
  (code) => {
    expect(postgresProblem(Object.assign(new Error("lost"), { code }))).toMatchObject({
      problem: { code, message: "the ledger's database cannot be reached" },
    });
  },
);

it.each([
  ["57P01", "the ledger's database is stopping, starting, or cut the statement off"],
  ["P0001", "the ledger's database could not do it"],
])("%s is a SQLSTATE: %s", (code, message) => {
  expect(postgresProblem(Object.assign(new Error("told"), { code }))).toMatchObject({
    problem: { code, message },
  });
});
