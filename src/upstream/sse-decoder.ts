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
  push(bytes: Buffer): readonly SseEvent[] | undefined;
  /** The event that the end of the body completes: a last line counts without its end, an event without its blank line. */
  end(): SseEvent | undefined;
}

const maxLineBytes = 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = "\ufeff";
const noBytes = Buffer.alloc(0);

const noEvents: readonly SseEvent[] = [];

/**
 * Decodes whole lines only, so that no character is ever cut: the two bytes that end a line are part of no other
 * character in UTF-8. What is not UTF-8 becomes U+FFFD.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
class LineDecoder implements SseDecoder {
  /** The bytes of the line that has not ended. */
  #rest: Buffer[] | undefined;
  #restBytes = 0;
  #started = false;
  /** The last byte was CR: an LF that follows belongs to it. */
  #afterCarriageReturn = false;
  #name = "";
  #data: string | undefined;

  push(bytes: Buffer): readonly SseEvent[] | undefined {
    const from = this.#afterCarriageReturn && bytes[0] === lineFeed ? 1 : 0;
    if (bytes.length > 0) this.#afterCarriageReturn = bytes.at(-1) === carriageReturn;
    const last = Math.max(bytes.lastIndexOf(lineFeed), bytes.lastIndexOf(carriageReturn));
    const end = last < from ? from : last + 1;
    let events: SseEvent[] | undefined;
    if (end > from) {
      const lines = this.#decode(this.#takeRest(bytes.subarray(from, end)));
      const split = lines.includes("\r") ? lines.split(/\r\n|\n|\r/) : lines.split("\n");
      for (let at = 0; at < split.length - 1; at++) {
        const line = split[at] ?? "";
        if (line.length > maxLineBytes) return undefined;
        const event = this.#readLine(line);
        if (event === undefined) continue;
        // Nearly every read brings one: an array that grows begins with room for sixteen.
        if (events === undefined) events = [event];
        else events.push(event);
      }
    }
    if (end < bytes.length) {
      (this.#rest ??= []).push(bytes.subarray(end));
      this.#restBytes += bytes.length - end;
    }
    const tooLong = this.#restBytes > maxLineBytes || (this.#data?.length ?? 0) > maxLineBytes;
    return tooLong ? undefined : (events ?? noEvents);
  }

  end(): SseEvent | undefined {
    if (this.#rest !== undefined) this.#readLine(this.#decode(this.#takeRest(noBytes)));
    return this.#takeEvent();
  }

  /** The line that has not ended, with what follows it. */
  #takeRest(following: Buffer): Buffer {
    if (this.#rest === undefined) return following;
    const whole = Buffer.concat([...this.#rest, following]);
    this.#rest = undefined;
    this.#restBytes = 0;
    return whole;
  }

  #decode(bytes: Buffer): string {
    const text = bytes.toString("utf8");
    if (this.#started) return text;
    this.#started = true;
    return text.startsWith(byteOrderMark) ? text.slice(1) : text;
  }

  /** The event that the line ends, if it does. */
  #readLine(line: string): SseEvent | undefined {
    if (line === "") return this.#takeEvent();
    if (line.startsWith("data:")) {
      const value = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5);
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    } else if (line.startsWith("event:")) {
      this.#name = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6);
    }
    // Comments, `id` and `retry` are signs of life and nothing more.
    return undefined;
  }

  #takeEvent(): SseEvent | undefined {
    const name = this.#name;
    const data = this.#data;
    this.#name = "";
    this.#data = undefined;
    return data === undefined || data === "" ? undefined : { name, data };
  }
}

/** A decoder of a body that has not begun. */
export function createSseDecoder(): SseDecoder {
  return new LineDecoder();
}
