import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** What a key's file holds when it is read again. */
export type KeyFile =
  | { readonly kind: "text"; readonly text: string }
  /** No file that can be read twice, such as a pipe of the shell: what it held at the start is all it ever holds. */
  | { readonly kind: "unrepeatable" }
  | { readonly kind: "unreadable"; readonly error: unknown };

/** No key comes near it; what grew beyond is no key's file any more. */
const mostBytes = 65_536;

/** Reads a key's file, off the event loop. Never waits for a writer, never rejects. @param path absolute */
export async function readKeyFile(path: string): Promise<KeyFile> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice()) return { kind: "unrepeatable" };
    if (stats.size > mostBytes) return { kind: "unreadable", error: new Error("the file is too large") };
    return { kind: "text", text: await file.readFile("utf8") };
  } catch (error) {
    return { kind: "unreadable", error };
  }
}
