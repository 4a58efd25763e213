import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { createPostgresStore } from "../../src/ledger/postgres-store.ts";
import type { LedgerStore } from "../../src/ledger/store.ts";
import { postgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { holdsStoreContract } from "../support/store-contract.ts";

describe.skipIf(!postgres.present)(postgres.title("a ledger in PostgreSQL"), () => {
  let server: PostgresServer;
  const opened: LedgerStore[] = [];
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const open = (url: string): LedgerStore => {
    const store = createPostgresStore(url);
    opened.push(store);
    return store;
  };

  holdsStoreContract(async () => open(await server.freshDatabase()));
});
