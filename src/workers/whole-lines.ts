const newline = 0x0a;

/**
 * Passes on what a process prints, in whole lines: several processes that wrote to one pipe would tear each other's
 * lines. What is left without an end when the process dies is no line.
 */
export function wholeLines(write: (lines: string) => void): (chunk: Buffer) => void {
  // Lines are joined as bytes: a chunk may end within a character.
  let rest: readonly Buffer[] = [];
  return (chunk) => {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end === 0) {
      rest = [...rest, chunk];
      return;
    }
    write(Buffer.concat([...rest, chunk.subarray(0, end)]).toString("utf8"));
    rest = end < chunk.length ? [chunk.subarray(end)] : [];
  };
}
