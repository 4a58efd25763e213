import type { ConfigPath, Finding } from "./config-path.ts";
import { isMap } from "./raw-value.ts";

/** Why a key may not stand in the file. */
export const inlineKeyMessage =
  "a key cannot be written here, where it would be committed and copied with the file; " +
  "put it into an environment variable or a file and name that: { id: primary, env: HOLYSHEEP_API_KEY }";

/** Names under which people write a key into a configuration. */
export const inlineKeyNames: ReadonlySet<string> = new Set([
  "value",
  "key",
  "apiKey",
  "api_key",
  "apikey",
  "secret",
  "token",
  "password",
]);

/** Shapes of well-known providers' keys. A digit is asked for, so that a long name in words is none. */
const keyShape =
  /(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{12,}|(?:gsk|hf|ghp|r8)_[A-Za-z0-9]{16,}|(?:xai|pplx|glpat)-[A-Za-z0-9_-]{16,}|(?:AIza|eyJ)[A-Za-z0-9._-]{16,})/;
const keyShapes = new RegExp(keyShape, "g");

/** A known key this long cannot be a name that merely coincides with it. */
const shortestTold = 12;

/**
 * Every place of the file that holds a key: by its shape, or because it contains one that is set.
 * @param secrets the characters of all keys that are set
 */
export function findPastedKeys(value: unknown, secrets: readonly string[]): readonly Finding[] {
  const telling = tellingParts(secrets);
  const isKey = (text: string): boolean =>
    startsLikeKey(text) || telling.some((secret) => text.includes(secret));
  const findings: Finding[] = [];
  const visit = (item: unknown, path: ConfigPath): void => {
    if (typeof item === "string" && isKey(item)) findings.push({ at: path, message: inlineKeyMessage });
    if (Array.isArray(item)) for (const [index, child] of item.entries()) visit(child, [...path, index]);
    if (!isMap(item)) return;
    for (const [name, child] of Object.entries(item)) {
      const place = [...path, name];
      if (isKey(name)) findings.push({ at: place, message: inlineKeyMessage });
      visit(child, place);
    }
  };
  visit(value, []);
  return findings;
}

/** A function that blots out every key in a text: those that are set, and whatever has the shape of one. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const telling = tellingParts(secrets);
  return (text) => {
    let shown = text;
    for (const secret of telling) shown = shown.replaceAll(secret, "***");
    return shown.replaceAll(keyShapes, (found) => (/\d/.test(found) ? "***" : found));
  };
}

/** Longest first; of a malformed key with spaces or lines in it, each part. */
function tellingParts(secrets: readonly string[]): readonly string[] {
  return secrets
    .flatMap((secret) => secret.split(/\s+/))
    .filter((part) => part.length >= shortestTold)
    .toSorted((a, b) => b.length - a.length);
}

function startsLikeKey(text: string): boolean {
  const found = keyShape.exec(text.replace(/^[\s"']*(?:Bearer\s+)?/i, ""));
  return found?.index === 0 && /\d/.test(found[0]);
}
