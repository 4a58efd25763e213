import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpRoute } from "./http-route.ts";

/** `/metrics` in Prometheus' text format; nothing where metrics are not scraped. */
export function metricsRoutes(
  scrape: ((request: IncomingMessage, response: ServerResponse) => void) | undefined,
): readonly HttpRoute[] {
  if (scrape === undefined) return [];
  return [
    {
      matches: (path) => path === "/metrics",
      // The exporter sets a status and headers and ends with a text: HTTP/2's compatible classes do all of it too.
      handle: (request, response) => scrape(request as IncomingMessage, response as ServerResponse),
    },
  ];
}
