/** At most `length` UTF-16 units, well-formed: a cut character pair would break the header that carries it. */
export function clipText(text: string, length: number): string {
  const clipped = text.length <= length ? text : `${text.slice(0, length - 1)}…`;
  return clipped.toWellFormed();
}
