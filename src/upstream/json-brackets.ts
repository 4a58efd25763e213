/** Follows the brackets of JSON that arrives in pieces. */
export interface JsonBrackets {
  add(piece: string): void;
  /** True once every bracket that was opened is closed. */
  allClosed(): boolean;
  /** Most brackets open at once so far. */
  deepest(): number;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Counts brackets outside of strings, each character once: parsing what came so far would cost its square. */
class BracketCount implements JsonBrackets {
  #depth = 0;
  #deepest = 0;
  #inString = false;
  #escaped = false;

  add(piece: string): void {
    // By code units: every character that counts is one, and an iterator makes a string of each.
    for (let index = 0; index < piece.length; index++) {
      const code = piece.charCodeAt(index);
      if (this.#inString) {
        this.#inString = this.#escaped || code !== quote;
        this.#escaped = !this.#escaped && code === backslash;
      } else if (code === quote) {
        this.#inString = true;
      } else if (code === openBrace || code === openBracket) {
        this.#depth++;
        this.#deepest = Math.max(this.#deepest, this.#depth);
      } else if (code === closeBrace || code === closeBracket) {
        this.#depth--;
      }
    }
  }

  allClosed(): boolean {
    return this.#deepest > 0 && this.#depth <= 0 && !this.#inString;
  }

  deepest(): number {
    return this.#deepest;
  }
}

/** Of a text that has not begun. */
export function createJsonBrackets(): JsonBrackets {
  return new BracketCount();
}
