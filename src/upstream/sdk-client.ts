import OpenAI from "openai";
import type { Exchange } from "./exchange.ts";
import type { OutgoingRequest, Transport } from "./transport.ts";

/** The openai SDK with one key. */
export interface SdkClient {
  /** Sends an exchange. Rejects where no answer comes, or an error; the exchange says what happened. */
  readonly post: (exchange: Exchange, body: string) => Promise<unknown>;
}

/** Far beyond every limit of ours, and far below what a timer of Node can hold. */
const neverMs = 2 ** 30;

const endpoint = "/chat/completions";

/** The SDK parses the URL of each request five times over for its log, which is off; the transport has its own. */
const nowhere = "sdk:";

/**
 * Everything that the SDK would read from the environment is given here, so that it reads none of it. Its request
 * builder and its timer are replaced, as it provides for: they put the same headers together anew for each request,
 * at more than the cost of sending it. So is what stands before the timer, which only waits for it: keys are static.
 * Nothing leaves but the headers that stand here and those of the exchange.
 */
export function createSdkClient(baseURL: string, key: string, transport: Transport): SdkClient {
  const client = new OpenAI({
    baseURL,
    apiKey: key,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: "off",
    maxRetries: 0,
    timeout: neverMs,
  });
  const { pathname, search } = new URL(client.buildURL(endpoint, undefined));
  const path = `${pathname}${search}`;
  const fixed = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    accept: "application/json",
    "user-agent": "switchyard",
  };

  client.buildRequest = ({ body, fetchOptions }) => {
    // Its own type is that of `fetch`; what we give to `request` below comes through as it is.
    const exchange = fetchOptions as unknown as Exchange;
    const headers = { ...fixed, ...exchange.headers };
    const req: PassedOn = { method: "post", exchange, path, headers, body: body as string };
    return Promise.resolve({ req: req as never, url: nowhere, timeout: neverMs });
  };
  const send: OpenAI["fetchWithTimeout"] = (_, init) => {
    const request = init as unknown as PassedOn;
    return transport.send(request.exchange, request);
  };
  // Not an assignment to each: one of them is protected.
  Object.assign(client, { fetchWithTimeout: send, fetchWithAuth: send });

  return {
    post: (exchange, body) => {
      const fetchOptions: object = exchange;
      return client.request({ method: "post", path: endpoint, body, fetchOptions }).asResponse();
    },
  };
}

/** What the SDK carries from one of our functions to the next. */
interface PassedOn extends OutgoingRequest {
  readonly method: "post";
  readonly exchange: Exchange;
}
