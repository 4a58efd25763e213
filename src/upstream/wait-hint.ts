/** How long an upstream can make us wait by its own word; a longer one is nonsense or somebody's month of quota. */
export const longestHintMs = 24 * 3600 * 1000;

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const goDuration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/;
const goPart = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g;
const decimal = /^\d+(?:\.\d+)?$/;

/**
 * A duration in milliseconds: Go's form (`6m0s`, `12ms`), or a bare number of seconds. Undefined for anything else.
 */
export function readDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 64) return undefined;
  if (decimal.test(trimmed)) return Number(trimmed) * 1000;
  if (!goDuration.test(trimmed)) return undefined;
  let ms = 0;
  for (const [, count, unit] of trimmed.matchAll(goPart)) ms += Number(count) * (unitMs[unit ?? ""] ?? 0);
  return ms;
}
