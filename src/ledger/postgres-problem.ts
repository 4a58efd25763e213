import { storeFailed, type StoreResult } from "./store.ts";

/** The database holds the schema of a newer Switchyard. */
export class SchemaIsNewer extends Error {
  override readonly name = "SchemaIsNewer";
}

// Classes of SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const classes: ReadonlyMap<string, string> = new Map([
  ["08", "the connection to the ledger's database broke"],
  ["28", "the ledger's database refuses these credentials"],
  ["3D", "the ledger's database does not exist"],
  ["40", "the ledger's database gave up a transaction"],
  ["42", "this user may not do that in the ledger's database, or its tables are not ours"],
  ["53", "the ledger's database is out of space or connections"],
  ["57", "the ledger's database is stopping, starting, or cut the statement off"],
  ["58", "the disk of the ledger's database fails"],
]);

/**
 * What a throw of the driver means for whoever keeps records there. Never the server's own text: it may quote what was
 * written, and the driver's may quote the URL.
 */
export function postgresProblem(thrown: unknown): StoreResult<never> {
  if (thrown instanceof SchemaIsNewer) {
    return storeFailed("LEDGER_REFUSED", "the ledger's database was written by a newer Switchyard");
  }
  const code = codeOf(thrown);
  if (code === undefined) return storeFailed("UNREACHABLE", "the ledger's database does not answer");
  // SQLSTATE is five characters, and those of a server all have a digit; EPIPE and ECONNREFUSED are the system's.
  if (!/^(?=.*\d)[0-9A-Z]{5}$/.test(code)) {
    return storeFailed(code, "the ledger's database cannot be reached");
  }
  return storeFailed(code, classes.get(code.slice(0, 2)) ?? "the ledger's database could not do it");
}

/** Also of the one inside: an address with several hosts fails with all of theirs. */
function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  return thrown instanceof AggregateError ? codeOf(thrown.errors[0]) : undefined;
}
