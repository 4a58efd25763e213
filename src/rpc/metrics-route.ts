import type { HttpRoute } from "./http-route.ts";

/** `/metrics` in Prometheus' text format; nothing where metrics are not scraped. */
export function metricsRoutes(scrape: (() => Promise<string>) | undefined): readonly HttpRoute[] {
  if (scrape === undefined) return [];
  return [
    {
      matches: (path) => path === "/metrics",
      handle: async (_, response) => {
        const text = await scrape();
        response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
        response.end(text);
      },
    },
  ];
}
