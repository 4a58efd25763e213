/** Follows the brackets of JSON that arrives in pieces. */
export interface JsonBrackets {
  readonly add: (piece: string) => void;
  /** True once every bracket that was opened is closed. */
  readonly allClosed: () => boolean;
  /** Most brackets open at once so far. */
  readonly deepest: () => number;
}

/** Counts brackets outside of strings, each character once: parsing what came so far would cost its square. */
export function createJsonBrackets(): JsonBrackets {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  let escaped = false;
  return {
    add: (piece) => {
      for (const character of piece) {
        if (inString) {
          inString = escaped || character !== '"';
          escaped = !escaped && character === "\\";
        } else if (character === '"') {
          inString = true;
        } else if (character === "{" || character === "[") {
          depth++;
          deepest = Math.max(deepest, depth);
        } else if (character === "}" || character === "]") {
          depth--;
        }
      }
    },
    allClosed: () => deepest > 0 && depth <= 0 && !inString,
    deepest: () => deepest,
  };
}
