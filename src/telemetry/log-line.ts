import { type Logger, pino } from "pino";

const { asJsonSym, chindingsSym, lsCacheSym } = pino.symbols;

/** As pino calls it with what it was given, its number of the level, and the time as it will stand. */
type ToLine = (fields: object, message: string | undefined, level: number, time: string) => string;

/**
 * Makes this logger spell out a line's fields, of which one is the message, all at once. pino puts a line together from
 * some hundred pieces, each of them garbage, and every call leaves a line. What cannot be spelled out at once pino
 * spells out in its own way. Levels, bindings, times and the destination stay pino's.
 * @see test/telemetry/log-line.test.ts, which compares the lines
 */
export function spellLinesWhole(logger: Logger): void {
  // pino hands out these symbols and gives no types to what stands there.
  const usual = Reflect.get(logger, asJsonSym) as ToLine;
  const starts = Reflect.get(logger, lsCacheSym) as Readonly<Record<number, string>>;
  const bindings = Reflect.get(logger, chindingsSym) as string;
  const whole: ToLine = (fields, message, level, time) => {
    try {
      // Its opening brace gives way to the comma.
      return `${starts[level]}${time}${bindings},${JSON.stringify(fields).slice(1)}\n`;
    } catch {
      return usual.call(logger, fields, message, level, time);
    }
  };
  Reflect.set(logger, asJsonSym, whole);
}
