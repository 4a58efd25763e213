import type { Attributes, Span } from "@opentelemetry/api";

/**
 * Marks an instant of a span. The one place that does, because span events are on their way out: they move
 * to the Logs API here. Nothing may depend on them; every decision is an attribute as well.
 * @see https://opentelemetry.io/blog/2025/deprecating-span-events/
 */
export function emitEvent(span: Span, name: string, attributes: Attributes): void {
  span.addEvent(name, attributes);
}
