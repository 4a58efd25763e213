import { Buffer } from "node:buffer";

/**
 * Writes a protobuf message from its end to its start: what is inside of a message is written before its length, so that
 * no length has to be found out or moved. Fields are therefore written in reverse order.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class BackwardWriter {
  #bytes: Buffer;
  // Not asked of the buffer each time: that takes longer than all else that a short field needs.
  #size: number;
  #at: number;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#size = size;
    this.#at = size;
  }

  /** How much is written; the length of what was written since is a difference of two of them. */
  get length(): number {
    return this.#size - this.#at;
  }

  /** A copy of what was written since. @param end the length before that */
  since(end: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(this.#at, this.#size - end));
  }

  /** All of it, as a view that the next write leaves alone. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** All of it, copied: for a writer that is to be used again. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafe(this.length);
    this.#bytes.copy(copy, 0, this.#at);
    return copy;
  }

  /** Forgets what is written, and keeps the room for it. */
  reset(): void {
    this.#at = this.#size;
  }

  /** One byte: a tag of a field up to 15, or a small number. */
  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[--this.#at] = value;
  }

  /** @param value an integer of at most 32 bits, unsigned */
  varint(value: number): void {
    if (value < 0x80) {
      this.byte(value);
      return;
    }
    this.#reserve(5);
    const size = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    this.#at -= size;
    let rest = value;
    let at = this.#at;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[at++] = (rest & 0x7f) | 0x80;
    this.#bytes[at] = rest;
  }

  /** @param value an integer of at most 64 bits, in two's complement where it is negative */
  varint64(value: number | bigint): void {
    const rounded = Number(value);
    if (rounded >= 0 && rounded <= 0xffff_ffff) {
      this.varint(rounded);
      return;
    }
    const digits: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) digits.push(Number(rest & 0x7fn) | 0x80);
    digits.push(Number(rest));
    for (const digit of digits.toReversed()) this.byte(digit);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#bytes.writeUInt32LE(value >>> 0, (this.#at -= 4));
  }

  /** A time as nanoseconds of 64 bits. @param seconds fewer than 2³² @param nanos beyond the seconds */
  nanos(seconds: number, nanos: number): void {
    this.#reserve(8);
    // More bits than a number holds exactly: the seconds' upper and lower 16 are multiplied apart.
    const upper = (seconds >>> 16) * 1e9;
    const lower = (seconds & 0xffff) * 1e9 + (upper % 0x1_0000) * 0x1_0000 + nanos;
    this.#bytes.writeUInt32LE(Math.floor(upper / 0x1_0000) + Math.floor(lower / 0x1_0000_0000), this.#at - 4);
    this.#bytes.writeUInt32LE(lower % 0x1_0000_0000, (this.#at -= 8));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#bytes.writeDoubleLE(value, (this.#at -= 8));
  }

  /** @param digits two for each byte */
  hex(digits: string): void {
    const size = digits.length >> 1;
    this.#reserve(size);
    this.#at -= size;
    this.#bytes.write(digits, this.#at, size, "hex");
  }

  /** What is encoded already. */
  bytes(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, (this.#at -= encoded.length));
  }

  text(value: string): void {
    const { length } = value;
    // A call into the runtime takes longer than a short text.
    if (length <= shortText) {
      this.#reserve(length);
      const start = this.#at - length;
      let at = 0;
      for (; at < length; at++) {
        const unit = value.charCodeAt(at);
        if (unit > 0x7f) break;
        this.#bytes[start + at] = unit;
      }
      if (at === length) {
        this.#at = start;
        return;
      }
    }
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size, "utf8");
  }

  #reserve(size: number): void {
    if (this.#at >= size) return;
    const written = this.length;
    const largerSize = Math.max(this.#size * 2, written + size);
    const larger = Buffer.allocUnsafeSlow(largerSize);
    larger.set(this.#bytes.subarray(this.#at), largerSize - written);
    this.#at = largerSize - written;
    this.#size = largerSize;
    this.#bytes = larger;
  }
}

const shortText = 64;
