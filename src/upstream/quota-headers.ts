import type { KeyQuota } from "./key-pool.ts";
import { type HeaderSource, header } from "./response-header.ts";
import { bounded } from "./retry-after.ts";
import { readDurationMs } from "./wait-hint.ts";

/** Reads one number of a quota; undefined for nonsense and for what Azure sends where it has none: -1 and 0. */
function readCount(headers: HeaderSource, name: string): number | undefined {
  const text = header(headers, name)?.trim() ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

interface QuotaNames {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

function namesFor(what: string): QuotaNames {
  return {
    limit: `x-ratelimit-limit-${what}`,
    remaining: `x-ratelimit-remaining-${what}`,
    reset: `x-ratelimit-reset-${what}`,
  };
}

const requestNames = namesFor("requests");
const tokenNames = namesFor("tokens");

function readQuotaOf(headers: HeaderSource, names: QuotaNames): KeyQuota | undefined {
  const limit = readCount(headers, names.limit);
  const remaining = readCount(headers, names.remaining);
  if (limit === undefined || limit === 0 || remaining === undefined) return undefined;
  const reset = readDurationMs(header(headers, names.reset) ?? "");
  return {
    remainingShare: Math.min(1, remaining / limit),
    resetMs: reset === undefined ? undefined : bounded(reset),
  };
}

/**
 * What is left for the key, by `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`: the tighter of the two.
 * Undefined where the upstream sends neither.
 * @see https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 */
export function readQuota(headers: HeaderSource): KeyQuota | undefined {
  const requests = readQuotaOf(headers, requestNames);
  const tokens = readQuotaOf(headers, tokenNames);
  if (requests === undefined || tokens === undefined) return requests ?? tokens;
  if (requests.remainingShare !== tokens.remainingShare) {
    return requests.remainingShare < tokens.remainingShare ? requests : tokens;
  }
  return (requests.resetMs ?? 0) > (tokens.resetMs ?? 0) ? requests : tokens;
}
