import { ImageDetail, type Media } from "../../gen/switchyard/v1/content_pb.ts";
import { parseDataUri } from "./data-uri.ts";

/** Bytes and type of what the request itself holds; undefined behind an `https:` URI or a file id. */
function contained(media: Media): { readonly bytes: number; readonly mimeType: string } | undefined {
  if (media.source.case === "inlineData") {
    return { bytes: media.source.value.length, mimeType: media.mimeType };
  }
  const uri = media.source.case === "uri" ? parseDataUri(media.source.value) : undefined;
  return uri === undefined
    ? undefined
    : {
        bytes: uri.isBase64 ? Math.floor((uri.data.length * 3) / 4) : uri.data.length,
        mimeType: uri.mimeType || media.mimeType,
      };
}

function clamp(value: number, least: number, most: number): number {
  return Math.round(Math.min(most, Math.max(least, value)));
}

/**
 * Allowance for one image, which no one measures here: OpenAI's own 85 for low detail; else 1000, between
 * its 765 for a square of 1024 pixels and Anthropic's 1600 for the largest.
 */
export function imageTokens(media: Media): number {
  return media.imageDetail === ImageDetail.LOW ? 85 : 1000;
}

/** Allowance for sound: 32 tokens a second (Google) at 16 kB a second (MP3 at 128 kbit/s); 1000 where its size is unknown. */
export function audioTokens(media: Media): number {
  const data = contained(media);
  return data === undefined ? 1000 : clamp(data.bytes / 500, 10, 100_000);
}

/**
 * Allowance for a file: a text by its bytes, 4 a token; anything else like a PDF of some 50 kB and 600 tokens a
 * page, at most 50 000, for large files are large by their pictures; 2000 where its size is unknown.
 */
export function fileTokens(media: Media): number {
  const data = contained(media);
  if (data === undefined) {
    return 2000;
  }
  const isText = /^text\/|[/+](?:json|xml|yaml)\b/i.test(data.mimeType);
  return isText ? Math.ceil(data.bytes / 4) : clamp(data.bytes / 80, 300, 50_000);
}
