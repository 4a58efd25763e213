/** A `data:` URI taken apart. */
export interface DataUri {
  /** Without parameters, lower case; empty where the URI names none. */
  readonly mimeType: string;
  /** The data as the URI has it: base64 text, or percent-encoded where `isBase64` is false. */
  readonly data: string;
  readonly isBase64: boolean;
}

/** Undefined for every other scheme and for a `data:` URI without its comma. @see RFC 2397 */
export function parseDataUri(uri: string): DataUri | undefined {
  const comma = uri.indexOf(",");
  if (comma === -1 || uri.slice(0, 5).toLowerCase() !== "data:") {
    return undefined;
  }
  const [mimeType = "", ...parameters] = uri.slice(5, comma).split(";");
  return {
    mimeType: mimeType.trim().toLowerCase(),
    data: uri.slice(comma + 1),
    isBase64: parameters.some((parameter) => parameter.trim().toLowerCase() === "base64"),
  };
}
