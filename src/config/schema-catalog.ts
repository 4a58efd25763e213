import { z } from "zod";
import { capabilities, tierNames } from "../routing/catalog.ts";
import { defaultHttp2, defaultMaxConnections } from "./defaults.ts";
import { inlineKeyMessage } from "./pasted-key.ts";
import { flag, label, listOf, money, named, oneOf, section, textLike, wholeNumber } from "./schema-parts.ts";

/** Names of environment variables: capitals, so that a pasted key does not pass for one. */
export const variableName = textLike(
  /^[A-Z_][A-Z0-9_]{0,127}$/,
  "must be the name of an environment variable in capitals, such as HOLYSHEEP_API_KEY, and never the key itself",
);

const upstreamModelName = textLike(/^[\u0021-\u007e]{1,256}$/, "must be a model's name without spaces");

const keyEntryAllowed = `must be a map such as { id: primary, env: HOLYSHEEP_API_KEY } or { id, file }; ${inlineKeyMessage}`;

/** One entry of `upstreams.*.keys`. That exactly one source stands in it is checked in `contradictions.ts`. */
export const keyEntrySchema = section(
  {
    id: textLike(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      "must be an alias of 1 to 64 letters, digits, dots, dashes and underscores",
    ),
    env: variableName.optional(),
    file: textLike(/^[^\0]{1,4096}$/, "must be the path of a file that holds the key").optional(),
  },
  keyEntryAllowed,
);

const upstreamSchema = section({
  baseUrl: z
    .string({ error: "must be an http(s) URL such as https://api.holysheep.ai/v1" })
    .superRefine(checkBaseUrl),
  keys: z.array(keyEntrySchema, { error: `must be a list of keys; ${keyEntryAllowed}` }).min(1, {
    error: `must list at least one key; each ${keyEntryAllowed}`,
  }),
  maxConnections: wholeNumber(1, 65_535).default(defaultMaxConnections),
  http2: flag().default(defaultHttp2),
});

const priceSchema = section({
  inputPerMTok: money(),
  cachedInputPerMTok: money().optional(),
  outputPerMTok: money(),
});

const tokens = wholeNumber(1, 2_147_483_647, " of tokens");

const modelSchema = section({
  displayName: label(128).optional(),
  contextWindowTokens: tokens.optional(),
  maxOutputTokens: tokens.optional(),
  capabilities: listOf(oneOf(capabilities), `must be a list of ${capabilities.join(", ")}`).optional(),
  price: priceSchema.optional(),
  upstreams: listOf(
    z.string({ error: "must be the name of an upstream" }),
    "must be a list of upstreams in order of preference",
  ).min(1, { error: "must name at least one upstream" }),
  upstreamModel: named(
    upstreamModelName,
    "must be a map from upstream to its own name of the model",
  ).optional(),
});

const modelList = listOf(
  z.string({ error: "must be the id of a model" }),
  "must be a list of models in order of preference",
);

/** The sections that the shipped file lends together where none of the four stands in a file. */
export const catalogShape = {
  upstreams: named(upstreamSchema, "must be a map from name to upstream").default({}),
  models: named(modelSchema, 'must be a map from "provider/model-name" to model').default({}),
  tiers: section({
    simple: modelList.default([]),
    standard: modelList.default([]),
    advanced: modelList.default([]),
  }).prefault({}),
  fallback: section({
    rateLimited: modelList.default([]),
    unavailable: modelList.default([]),
    contextTooLong: modelList.default([]),
  }).prefault({}),
};

/** The name of a tier. */
export const tierSchema = oneOf(tierNames);

function checkBaseUrl(text: string, context: z.core.$RefinementCtx<string>): void {
  const refuse = (message: string): void => {
    context.addIssue({ code: "custom", message });
  };
  const url = /\s/.test(text) ? undefined : (URL.parse(text) ?? undefined);
  if (url === undefined) return refuse("is no URL; write it whole, such as https://api.holysheep.ai/v1");
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return refuse("must begin with https:// or http://");
  if (url.username !== "" || url.password !== "") return refuse(`has credentials in it; ${inlineKeyMessage}`);
  if (/[?#]/.test(text)) return refuse("must end with its path: no ? and no #");
}
