const space = 0x20;

function isLatin(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0xc0 && code <= 0x24f);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWhitespace(code: number): boolean {
  return code === space || (code >= 0x09 && code <= 0x0d) || code === 0xa0;
}

/** Han, kana and Hangul: about a token a character in the vocabularies in use. */
function isWide(code: number): boolean {
  return (code >= 0x2e80 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7a3);
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function runEnd(text: string, from: number, most: number, belongs: (code: number) => boolean): number {
  let end = from;
  while (end < text.length && end - from < most && belongs(text.charCodeAt(end))) end += 1;
  return end;
}

/** Always beyond `from`: tokens.test.ts tries every kind of character. */
function tokenEnd(text: string, from: number): number {
  let start = from;
  let code = text.charCodeAt(start);
  if (isWhitespace(code)) {
    const end = runEnd(text, start, 16, isWhitespace);
    const next = text.charCodeAt(end);
    // As in the vocabularies in use, one space belongs to the word behind it.
    if (code !== space || end - start > 1 || Number.isNaN(next)) return end;
    start = end;
    code = next;
  }
  if (isLatin(code)) return runEnd(text, start, 6, isLatin);
  if (isDigit(code)) return runEnd(text, start, 3, isDigit);
  if (isWide(code)) return start + 1;
  if (isSurrogate(code)) return start + String.fromCodePoint(text.codePointAt(start) ?? 0).length;
  // Other alphabets: some three letters to a token.
  if (code > 0x24f)
    return runEnd(text, start, 3, (next) => next > 0x24f && !isWide(next) && !isSurrogate(next));
  return start + 1;
}

/** Cuts a text into pieces of about a token each; together they are the text. Never splits a surrogate pair. */
export function splitTokens(text: string): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = tokenEnd(text, at);
    tokens.push(text.slice(at, end));
    at = end;
  }
  return tokens;
}

/** How many pieces {@link splitTokens} would make, without making them. */
export function countTokens(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count += 1) at = tokenEnd(text, at);
  return count;
}
