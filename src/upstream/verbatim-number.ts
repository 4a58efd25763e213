declare global {
  interface JSON {
    /** In Node 22 and later; TypeScript's library does not declare it yet. @see https://tc39.es/proposal-json-parse-with-source/ */
    rawJSON(text: string): object;
  }
}

/**
 * A number that `JSON.stringify` writes exactly as given: more digits than a double has, 1.0, 1e400.
 * @param text a JSON number
 */
export function verbatimNumber(text: string): unknown {
  return JSON.rawJSON(text);
}
