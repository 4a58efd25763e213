import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe } from "vitest";
import { openSqliteStore } from "../../src/ledger/sqlite-store.ts";
import type { LedgerStore } from "../../src/ledger/store.ts";
import { holdsStoreContract } from "../support/store-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-ledger-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const opened: LedgerStore[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

let files = 0;
async function open(path = join(folder, `${(files += 1)}.db`)): Promise<LedgerStore> {
  const opening = await openSqliteStore(path);
  if (opening.kind === "refused") throw new Error(opening.why);
  opened.push(opening.store);
  return opening.store;
}

describe("a ledger in SQLite", () => {
  holdsStoreContract(() => open());
});
