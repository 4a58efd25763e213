import type { JsonObject } from "./json-object.ts";
import type { Random } from "./seeded-random.ts";

interface TokenLogprob extends JsonObject {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

function logprobOf(token: string, logprob: number): TokenLogprob {
  return { token, logprob: Number(logprob.toFixed(6)), bytes: [...Buffer.from(token)] };
}

/** Made-up log probabilities of tokens, each with `top` alternatives, the token itself first. */
export function tokenLogprobs(tokens: readonly string[], random: Random, top: number): readonly JsonObject[] {
  return tokens.map((token) => {
    const chosen = logprobOf(token, -random() * 0.5);
    const alternatives = Array.from({ length: Math.max(0, top - 1) }, (_, at) =>
      logprobOf(`${token}~${at + 1}`, chosen.logprob - 1 - at - random()),
    );
    return { ...chosen, top_logprobs: top === 0 ? [] : [chosen, ...alternatives] };
  });
}
