/** Follows the brackets of JSON that arrives in pieces. */
export interface JsonBrackets {
  readonly add: (piece: string) => void;
  /** True once every bracket that was opened is closed. */
  readonly allClosed: () => boolean;
  /** Most brackets open at once so far. */
  readonly deepest: () => number;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Counts brackets outside of strings, each character once: parsing what came so far would cost its square. */
export function createJsonBrackets(): JsonBrackets {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  let escaped = false;
  return {
    add: (piece) => {
      // By code units: every character that counts is one, and an iterator makes a string of each.
      for (let index = 0; index < piece.length; index++) {
        const code = piece.charCodeAt(index);
        if (inString) {
          inString = escaped || code !== quote;
          escaped = !escaped && code === backslash;
        } else if (code === quote) {
          inString = true;
        } else if (code === openBrace || code === openBracket) {
          depth++;
          deepest = Math.max(deepest, depth);
        } else if (code === closeBrace || code === closeBracket) {
          depth--;
        }
      }
    },
    allClosed: () => deepest > 0 && depth <= 0 && !inString,
    deepest: () => deepest,
  };
}
