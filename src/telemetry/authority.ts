/** What a caller addressed. */
interface Authority {
  readonly host: string;
  readonly port: number | undefined;
}

let lastText: string | undefined;
let lastRead: Authority | undefined;

/** The host and port of an HTTP authority, as a caller wrote it; undefined where it is none. */
export function readAuthority(authority: string | undefined): Authority | undefined {
  // A gateway has one name or a few: most calls bring that of the last.
  if (authority !== lastText) {
    lastRead = parse(authority);
    lastText = authority;
  }
  return lastRead;
}

function parse(authority = ""): Authority | undefined {
  // A caller chooses these characters: only what a host can consist of becomes an attribute.
  const match = /^(?:\[([0-9a-f:.%]{2,64})\]|([\w.-]{1,253}))(?::(\d{1,5}))?$/i.exec(authority);
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  return { host, port: port !== undefined && port > 0 && port < 65_536 ? port : undefined };
}
