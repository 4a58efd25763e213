/** Metadata in which a caller names itself, until callers have credentials. */
export const callerHeader = "x-switchyard-caller";

/** Who calls where nobody says so. */
const anonymous = "anonymous";

/**
 * Reads that metadata. It goes into logs, spans and the ledger: anything but 1 to 128 printable ASCII
 * characters is `anonymous`.
 */
export function readCaller(header: string | undefined): string {
  const name = header?.trim() ?? "";
  return /^[\x20-\x7e]{1,128}$/.test(name) ? name : anonymous;
}
