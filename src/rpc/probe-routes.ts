import { type HttpRequest, type HttpResponse, sendJson } from "./http-message.ts";
import type { HttpRoute } from "./http-route.ts";
import type { ServingState } from "./serving-state.ts";

/** `/livez`: the process runs. `/readyz`: it wants calls; 503 while it starts or drains. */
export function probeRoutes(state: ServingState): readonly HttpRoute[] {
  return [
    probe("/livez", () => ({ ok: true, status: "live" })),
    probe("/readyz", () => ({ ok: state.phase() === "serving", status: state.phase() })),
  ];
}

function probe(path: string, answer: () => { readonly ok: boolean; readonly status: string }): HttpRoute {
  return {
    open: true,
    matches: (candidate) => candidate === path,
    handle(request: HttpRequest, response: HttpResponse) {
      if (request.method !== "GET" && request.method !== "HEAD") {
        response.setHeader("allow", "GET, HEAD");
        sendJson(response, 405, { code: "unimplemented", message: `${path} takes GET and HEAD` });
        return;
      }
      const { ok, status } = answer();
      response.setHeader("cache-control", "no-store");
      sendJson(response, ok ? 200 : 503, { status });
    },
  };
}
