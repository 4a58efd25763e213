/** The host and port of an HTTP authority, as a caller wrote it; undefined where it is none. */
export function readAuthority(
  authority: string | undefined,
): { readonly host: string; readonly port: number | undefined } | undefined {
  // A caller chooses these characters: only what a host can consist of becomes an attribute.
  const match = /^(?:\[([0-9a-f:.%]{2,64})\]|([\w.-]{1,253}))(?::(\d{1,5}))?$/i.exec(authority ?? "");
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  return { host, port: port !== undefined && port > 0 && port < 65_536 ? port : undefined };
}
