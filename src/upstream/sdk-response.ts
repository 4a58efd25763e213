import type { Exchange, ResponseHead } from "./exchange.ts";
import { readErrorText } from "./read-bounded.ts";
import { header } from "./response-header.ts";

/** What the SDK reads of a response whose body it is not asked to parse. */
interface SdkResponse extends Pick<Response, "ok" | "status" | "url" | "text"> {
  readonly headers: SdkHeaders;
}

/** A class, so that the SDK finds no members to spell out for its log, which is off. */
class SdkHeaders {
  readonly #headers: ResponseHead["headers"];

  constructor(headers: ResponseHead["headers"]) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    return header(this.#headers, name) ?? null;
  }

  /** Read for that log alone. */
  entries(): readonly never[] {
    return [];
  }
}

/**
 * As much of a Response as the SDK looks at. A real one would make a web stream of the body, at several times the
 * cost of reading it. The SDK asks only an error response for its text, so that is where it is read, bounded.
 */
export function sdkResponse(exchange: Exchange, { status, headers }: ResponseHead): Response {
  const response: SdkResponse = {
    ok: status >= 200 && status < 300,
    status,
    url: "",
    headers: new SdkHeaders(headers),
    text: async () => {
      exchange.errorText = exchange.body === undefined ? "" : await readErrorText(exchange.body);
      return exchange.errorText;
    },
  };
  // The members above are all that openai 7.55 touches on the way to `asResponse()`; the tests run that way.
  return response as unknown as Response;
}
