import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { SimulatorConfig, SimulatorFault } from "../config/config.ts";
import { apiError } from "./api-error.ts";
import { createChatEndpoint } from "./chat-endpoint.ts";
import { type Clock, processClock } from "./clock.ts";
import { sendModel, sendModels } from "./models-endpoint.ts";
import { readBody } from "./read-body.ts";
import { digestOf } from "./seeded-random.ts";
import { sendError } from "./send-response.ts";

export interface SimulatorOptions {
  readonly config: SimulatorConfig;
  /** The ids it knows; any other is a 404. */
  readonly models: readonly string[];
  /** 127.0.0.1 where left out: it answers to any key, so nobody else should reach it. */
  readonly host?: string;
  /** 0, a free one, where left out. */
  readonly port?: number;
  /** Milliseconds since the epoch, for `created`. */
  readonly now?: () => number;
  /** What the pace goes by; the process's own where left out. */
  readonly clock?: Clock;
}

/** A running simulator. */
export interface Simulator {
  /** Such as `http://127.0.0.1:4010/v1`. */
  readonly baseUrl: string;
  /** Shows a fault from the next request on, or none; `*` stands for every model without one of its own. */
  readonly setFault: (model: string, fault: SimulatorFault | undefined) => void;
  /** Breaks what is under way and ends every connection. */
  readonly close: () => Promise<void>;
}

/** Idle connections outlive those of any client in use, so that it is never we who close first. */
const keepAliveMs = 120_000;

/**
 * Starts an OpenAI-compatible upstream that no model stands behind: chat completions, unary and as a stream,
 * and the list of models. Answers, ids and usage depend on the request and the seed alone, and say that they
 * are simulated. Rejects where the address cannot be had.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { config, models, host = "127.0.0.1", port = 0, now = Date.now, clock = processClock } = options;
  const faults = new Map(config.faults);
  const known = new Set(models);
  const chat = createChatEndpoint({
    seed: config.seed,
    pace: config,
    isModel: (model) => known.has(model),
    faultOf: (model) => faults.get(model) ?? faults.get("*"),
    now,
    clock,
  });
  let requests = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    response.setHeader("x-request-id", `req_sim${digestOf(config.seed, `request ${requests}`)}`);
    response.setHeader("x-simulated", "true");
    if (!/^bearer +\S/i.test(request.headers.authorization ?? "")) {
      const message = "You didn't provide an API key. Send it in the header: Authorization: Bearer YOUR_KEY.";
      return sendError(response, apiError(401, message, { code: "invalid_api_key" }));
    }
    const path = (request.url ?? "/").replace(/[?#].*$/s, "");
    const model = path.startsWith("/v1/models/") ? decodePath(path.slice("/v1/models/".length)) : undefined;
    const allowed =
      path === "/v1/chat/completions"
        ? "POST"
        : path === "/v1/models" || model !== undefined
          ? "GET"
          : undefined;
    if (allowed === undefined) {
      return sendError(
        response,
        apiError(404, "Unknown request URL: see the API's list of endpoints.", { code: "unknown_url" }),
      );
    }
    if (request.method !== allowed) {
      const message = `Not allowed to ${request.method ?? "?"} on this URL: use ${allowed}.`;
      return sendError(
        response,
        apiError(405, message, { code: "method_not_allowed", headers: { allow: allowed } }),
      );
    }
    if (model !== undefined) return sendModel(response, models, model);
    if (allowed === "GET") return sendModels(response, models);
    const body = await readBody(request);
    if (body === undefined) return;
    if (body.kind === "error") return sendError(response, body);
    await chat(response, body.text);
  }

  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    // A write to a client that has just left reports an error nobody else waits for.
    response.on("error", () => undefined);
    answer(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else sendError(response, apiError(500, "The simulator failed on this request."));
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  const taken = typeof address === "object" && address !== null ? address.port : port;
  let closed: Promise<void> | undefined;

  return {
    baseUrl: `http://${host.includes(":") ? `[${host}]` : host}:${taken}/v1`,
    setFault: (model, fault) => {
      if (fault === undefined) faults.delete(model);
      else faults.set(model, fault);
    },
    close: () => {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
