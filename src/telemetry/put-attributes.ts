import type { Attributes, Span } from "@opentelemetry/api";

/**
 * Says these attributes of a span that records; undefined ones are left out. All values are words, numbers and lists of
 * words of ours, short by themselves. The SDK's own way (3.1.0) makes a WeakSet for each value to look for cycles in it,
 * and for those of a start two: a hundred for one call, which the garbage collector has to visit one by one.
 */
export function putAttributes(span: Span, attributes: Attributes): void {
  if (!span.isRecording()) return;
  const recorded = recordedAttributes(span);
  if (recorded === undefined) {
    span.setAttributes(attributes);
    return;
  }
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) recorded[name] = value;
  }
}

/** What the SDK's spans keep and exporters read; undefined for a span of another make. */
function recordedAttributes(span: Span): Attributes | undefined {
  if (!("attributes" in span) || typeof span.attributes !== "object" || span.attributes === null)
    return undefined;
  return span.attributes as Attributes;
}
