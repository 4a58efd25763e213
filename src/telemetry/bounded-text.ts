const longest = 128;

/**
 * A string that somebody else chose (a caller's model name, an upstream's response id), short enough for
 * an attribute; undefined where it is empty.
 */
export function boundedText(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
