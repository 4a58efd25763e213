/** Our kebab-case words as attributes and labels spell them: `half-open` is `half_open`. */
export function wireWord(word: string): string {
  return word.replaceAll("-", "_");
}
