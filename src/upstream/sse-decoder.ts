/** One event of a stream. */
export interface SseEvent {
  /** The `event` field; empty where there was none. */
  readonly name: string;
  /** The `data` lines, joined. */
  readonly data: string;
}

/** Reads server-sent events out of bytes, however they are cut. */
export interface SseDecoder {
  /** The events that these bytes complete; undefined once a line, or the data of an event, is beyond 1 MiB. */
  readonly push: (bytes: Buffer) => readonly SseEvent[] | undefined;
  /** The event that the end of the body completes: a last line counts without its end, an event without its blank line. */
  readonly end: () => SseEvent | undefined;
}

const maxLineBytes = 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = "\ufeff";

/**
 * Decodes whole lines only, so that no character is ever cut: the two bytes that end a line are part of no other
 * character in UTF-8. What is not UTF-8 becomes U+FFFD.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function createSseDecoder(): SseDecoder {
  /** The bytes of the line that has not ended. */
  let rest: Buffer[] = [];
  let restBytes = 0;
  let started = false;
  /** The last byte was CR: an LF that follows belongs to it. */
  let afterCarriageReturn = false;
  let name = "";
  let data: string | undefined;

  const take = (events: SseEvent[]): void => {
    if (data !== undefined && data !== "") events.push({ name, data });
    name = "";
    data = undefined;
  };

  const readLine = (line: string, events: SseEvent[]): void => {
    if (line === "") return take(events);
    if (line.startsWith("data:")) {
      const value = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5);
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (line.startsWith("event:")) {
      name = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6);
    }
    // Comments, `id` and `retry` are signs of life and nothing more.
  };

  const decode = (bytes: Buffer): string => {
    const text = bytes.toString("utf8");
    if (started) return text;
    started = true;
    return text.startsWith(byteOrderMark) ? text.slice(1) : text;
  };

  return {
    push: (bytes) => {
      const from = afterCarriageReturn && bytes[0] === lineFeed ? 1 : 0;
      if (bytes.length > 0) afterCarriageReturn = bytes.at(-1) === carriageReturn;
      const last = Math.max(bytes.lastIndexOf(lineFeed), bytes.lastIndexOf(carriageReturn));
      const end = last < from ? from : last + 1;
      const events: SseEvent[] = [];
      if (end > from) {
        const whole = bytes.subarray(from, end);
        const lines = decode(restBytes === 0 ? whole : Buffer.concat([...rest, whole]));
        rest = [];
        restBytes = 0;
        const split = lines.includes("\r") ? lines.split(/\r\n|\n|\r/) : lines.split("\n");
        for (let at = 0; at < split.length - 1; at++) {
          const line = split[at] ?? "";
          if (line.length > maxLineBytes) return undefined;
          readLine(line, events);
        }
      }
      if (end < bytes.length) {
        rest.push(bytes.subarray(end));
        restBytes += bytes.length - end;
      }
      return restBytes > maxLineBytes || (data?.length ?? 0) > maxLineBytes ? undefined : events;
    },
    end: () => {
      if (restBytes > 0) readLine(decode(Buffer.concat(rest)), []);
      rest = [];
      restBytes = 0;
      const events: SseEvent[] = [];
      take(events);
      return events[0];
    },
  };
}
