import type { KeyQuota } from "./key-pool.ts";
import { type HeaderSource, header } from "./response-header.ts";
import { bounded } from "./retry-after.ts";
import { readDurationMs } from "./wait-hint.ts";

/** Reads one number of a quota; undefined for nonsense and for what Azure sends where it has none: -1 and 0. */
function readCount(headers: HeaderSource, name: string): number | undefined {
  const text = header(headers, name)?.trim() ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function readQuotaOf(headers: HeaderSource, what: "requests" | "tokens"): KeyQuota | undefined {
  const limit = readCount(headers, `x-ratelimit-limit-${what}`);
  const remaining = readCount(headers, `x-ratelimit-remaining-${what}`);
  if (limit === undefined || limit === 0 || remaining === undefined) return undefined;
  const reset = readDurationMs(header(headers, `x-ratelimit-reset-${what}`) ?? "");
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
  const requests = readQuotaOf(headers, "requests");
  const tokens = readQuotaOf(headers, "tokens");
  if (requests === undefined || tokens === undefined) return requests ?? tokens;
  if (requests.remainingShare !== tokens.remainingShare) {
    return requests.remainingShare < tokens.remainingShare ? requests : tokens;
  }
  return (requests.resetMs ?? 0) > (tokens.resetMs ?? 0) ? requests : tokens;
}
