import type {
  ChatCompletionContentPart,
  ChatCompletionContentPartImage,
} from "openai/resources/chat/completions";
import { ImageDetail, type Media } from "../../gen/switchyard/v1/content_pb.ts";
import { parseDataUri } from "./data-uri.ts";

/** Content parts that compatible upstreams take and the SDK's types do not know. */
type ExtensionPart =
  /** vLLM and Qwen: sound by URL, where OpenAI takes bytes alone. */
  | { readonly type: "audio_url"; readonly audio_url: { readonly url: string } }
  /** More formats than OpenAI's own "wav" and "mp3". */
  | {
      readonly type: "input_audio";
      readonly input_audio: { readonly data: string; readonly format: string };
    };

/** One element of a message's `content` array. */
export type WireMediaPart = ChatCompletionContentPart | ExtensionPart;

type Detail = NonNullable<ChatCompletionContentPartImage.ImageURL["detail"]>;

const details: ReadonlyMap<number, Detail> = new Map<number, Detail>([
  [ImageDetail.LOW, "low"],
  [ImageDetail.HIGH, "high"],
  [ImageDetail.AUTO, "auto"],
]);

/** MIME subtypes whose `format` in `input_audio` is another word; every other subtype is its own. */
const audioFormats: ReadonlyMap<string, string> = new Map([
  ["wave", "wav"],
  ["vnd.wave", "wav"],
  ["mpeg", "mp3"],
  ["mpeg3", "mp3"],
  ["mpeg-3", "mp3"],
  ["mp4", "m4a"],
  ["pcm", "pcm16"],
  ["l16", "pcm16"],
]);

/** `audio/x-wav; rate=16000` → `wav`. */
function audioFormat(mimeType: string): string {
  const [essence = ""] = mimeType.split(";");
  const subtype = (essence.split("/")[1] ?? "").trim().toLowerCase().replace(/^x-/, "");
  return audioFormats.get(subtype) ?? subtype;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function toDataUri(mimeType: string, bytes: Uint8Array): string {
  return `data:${mimeType};base64,${toBase64(bytes)}`;
}

function fileById(media: Media, fileId: string): WireMediaPart {
  return { type: "file", file: { file_id: fileId, ...filename(media) } };
}

function filename(media: Media): { filename?: string } {
  return media.filename === undefined ? {} : { filename: media.filename };
}

function imageUrl(media: Media, url: string): WireMediaPart {
  const detail = details.get(media.imageDetail);
  return { type: "image_url", image_url: detail === undefined ? { url } : { url, detail } };
}

/** Inline bytes become a `data:` URI; an uploaded image goes as a file, the only part that takes an id. */
export function toImagePart(media: Media): WireMediaPart | undefined {
  switch (media.source.case) {
    case "inlineData":
      return imageUrl(media, toDataUri(media.mimeType, media.source.value));
    case "uri":
      return imageUrl(media, media.source.value);
    case "fileId":
      return fileById(media, media.source.value);
    case undefined:
      break;
  }
  return undefined;
}

/** OpenAI takes sound as base64 alone: a `data:` URI is taken apart, an `https:` one goes as the extension `audio_url`. */
export function toAudioPart(media: Media): WireMediaPart | undefined {
  switch (media.source.case) {
    case "inlineData": {
      const data = toBase64(media.source.value);
      return { type: "input_audio", input_audio: { data, format: audioFormat(media.mimeType) } };
    }
    case "uri": {
      const uri = parseDataUri(media.source.value);
      return uri?.isBase64 === true
        ? {
            type: "input_audio",
            input_audio: { data: uri.data, format: audioFormat(uri.mimeType || media.mimeType) },
          }
        : { type: "audio_url", audio_url: { url: media.source.value } };
    }
    case "fileId":
      return fileById(media, media.source.value);
    case undefined:
      break;
  }
  return undefined;
}

/** A URI goes into `file_data` as it is: OpenAI takes `data:` there, gateways such as OpenRouter `https:` too. */
export function toFilePart(media: Media): WireMediaPart | undefined {
  switch (media.source.case) {
    case "inlineData":
      return {
        type: "file",
        file: { file_data: toDataUri(media.mimeType, media.source.value), ...filename(media) },
      };
    case "uri":
      return { type: "file", file: { file_data: media.source.value, ...filename(media) } };
    case "fileId":
      return fileById(media, media.source.value);
    case undefined:
      break;
  }
  return undefined;
}
