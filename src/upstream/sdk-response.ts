import type { Exchange, ResponseHead } from "./exchange.ts";
import { readErrorText } from "./read-bounded.ts";
import { header } from "./response-header.ts";

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
class SdkResponse implements Pick<Response, "ok" | "status" | "url" | "text"> {
  readonly #exchange: Exchange;
  readonly status: number;
  readonly headers: SdkHeaders;

  constructor(exchange: Exchange, { status, headers }: ResponseHead) {
    this.#exchange = exchange;
    this.status = status;
    this.headers = new SdkHeaders(headers);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get url(): string {
    return "";
  }

  async text(): Promise<string> {
    const { body } = this.#exchange;
    this.#exchange.errorText = body === undefined ? "" : await readErrorText(body);
    return this.#exchange.errorText;
  }
}

/** What the SDK is given to look at, in place of the response with this head. */
export function sdkResponse(exchange: Exchange, head: ResponseHead): Response {
  // Its members are all that openai 7.55 touches on the way to `asResponse()`; the tests run that way.
  return new SdkResponse(exchange, head) as unknown as Response;
}
