import { errors } from "undici";
import type { Failure, FailureKind } from "../routing/failure.ts";
import { type ErrorFacts, readErrorFacts } from "./error-facts.ts";
import type { Exchange, ResponseHead, TransportFault } from "./exchange.ts";
import { failureSentences } from "./failure-sentences.ts";
import { readRequestId } from "./response-header.ts";
import { bounded, readRetryAfterMs } from "./retry-after.ts";
import { errorMember, isAbsent, parseJson } from "./untrusted-json.ts";

/**
 * The one place that says what went wrong: everything that a connection, a status or a body can do, as a
 * {@link Failure}. The tables are those of the README ("Errors").
 */

interface FailureParts {
  readonly message?: string | undefined;
  readonly head?: ResponseHead | undefined;
  readonly facts?: ErrorFacts | undefined;
  readonly cause?: unknown;
}

function toFailure(kind: FailureKind, { message, head, facts, cause }: FailureParts): Failure {
  const fromBody = facts?.retryAfterMs === undefined ? undefined : bounded(facts.retryAfterMs);
  return {
    kind,
    message: message ?? failureSentences[kind],
    httpStatus: head?.status,
    upstreamCode: facts?.code?.code,
    upstreamRequestId: head === undefined ? undefined : readRequestId(head.headers),
    retryAfterMs: head === undefined ? fromBody : (readRetryAfterMs(head.headers) ?? fromBody),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** Kinds that a code or a sentence may turn a refusal of the request (400, 422) into. */
const refinesRefusal: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "context-too-long",
  "content-filtered",
  "quota-exhausted",
  "rate-limited",
  "unauthorized",
  "model-missing",
  "request-too-large",
]);

function refined(kind: FailureKind, facts: ErrorFacts, into: ReadonlySet<FailureKind>): FailureKind {
  const told = facts.code !== undefined && !facts.code.general ? facts.code.kind : facts.hint;
  return told !== undefined && into.has(told) ? told : kind;
}

const refinesForbidden: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "content-filtered",
  "quota-exhausted",
]);
const refinesTooLarge: ReadonlySet<FailureKind> = new Set<FailureKind>(["context-too-long"]);
const refinesTooMany: ReadonlySet<FailureKind> = new Set<FailureKind>(["quota-exhausted"]);

/** What an error status means, given what its body says. */
function kindOfStatus(status: number, facts: ErrorFacts): FailureKind {
  if (status >= 300 && status < 400) return "redirected";
  if (status === 503 || status === 529) return "overloaded";
  if (status >= 500 && status < 600) return "server-error";
  switch (status) {
    case 401:
      return "unauthorized";
    case 402:
      return "quota-exhausted";
    case 403:
      // A gateway's moderation answers 403, too: it must not cost us the key.
      return refined("forbidden", facts, refinesForbidden);
    case 404:
    case 410:
      return "model-missing";
    // Whatever answers these is not the API that baseUrl should name.
    case 405:
    case 406:
    case 415:
    case 421:
    case 426:
      return "bad-response";
    case 408:
      return "timeout";
    case 409:
      return "conflict";
    case 413:
      return refined("request-too-large", facts, refinesTooLarge);
    case 424:
    case 425:
      return "server-error";
    case 429:
      return refined("rate-limited", facts, refinesTooMany);
    default:
      return status >= 400 && status < 500
        ? refined("invalid-request", facts, refinesRefusal)
        : "bad-response";
  }
}

/** What an error inside a 200 or a stream means: its code, else the status that it names, else the upstream's fault. */
function kindOfError(facts: ErrorFacts): FailureKind {
  const { code, status, hint } = facts;
  if (code !== undefined && !code.general) return code.kind;
  if (status !== undefined) return kindOfStatus(status, facts);
  return hint ?? code?.kind ?? "server-error";
}

/** An error response. @param text its body as far as it was read */
export function classifyStatus(head: ResponseHead, text: string, cause?: unknown): Failure {
  const body = parseJson(text);
  const facts = readErrorFacts(body === undefined ? text : body);
  return toFailure(kindOfStatus(head.status, facts), { head, facts, cause });
}

/** An error in the body of a 2xx, or as an event of a stream. */
export function classifyErrorValue(error: unknown, head: ResponseHead): Failure {
  const facts = readErrorFacts(error);
  return toFailure(kindOfError(facts), { head, facts });
}

/** A 2xx that is no answer: an error in disguise, or nothing that we understand. */
export function classifyNonAnswer(body: unknown, head: ResponseHead): Failure {
  const error = errorMember(body);
  return isAbsent(error) ? badResponse(head) : classifyErrorValue(error, head);
}

/** A 2xx whose body is malformed, of a wrong type, too large or empty. */
export function badResponse(head: ResponseHead, message?: string): Failure {
  return toFailure("bad-response", { head, message });
}

/** The signal ended the request: the caller of the port knows why. */
export function cancelledFailure(head: ResponseHead | undefined): Failure {
  return toFailure("cancelled", { head });
}

/** A request that the transport could not finish, or a body that broke. */
export function classifyFault({ phase, error }: TransportFault, head: ResponseHead | undefined): Failure {
  const code = codeOf(error);
  const parts = { head, cause: error };
  if (localCodes.has(code)) {
    return toFailure("local", { ...parts, message: localCodes.get(code) });
  }
  if (phase === "connecting") return toFailure("unreachable", { ...parts, message: connectSentence(code) });
  if (error instanceof errors.HTTPParserError || unreadableCodes.has(code)) {
    return toFailure("bad-response", { ...parts, message: unreadableCodes.get(code) });
  }
  return toFailure(phase === "unprocessed" ? "stale-connection" : "connection-lost", parts);
}

/** How a request failed, by what was written down of it. Undefined: a 2xx came, and its body is what counts. */
export function classifyExchange(exchange: Exchange, thrown: unknown): Failure | undefined {
  const { head, fault } = exchange;
  if (exchange.signal.aborted) return cancelledFailure(head);
  if (fault !== undefined) return classifyFault(fault, head);
  // Nothing was sent: the SDK, or undici, refused to make the request.
  if (head === undefined) return toFailure("local", { cause: thrown });
  if (head.status < 200 || head.status >= 300) return classifyStatus(head, exchange.errorText, thrown);
  return undefined;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : "";
}

const noFiles = "this machine has no file descriptor left for a connection to the upstream";

/** Limits of this machine and mistakes of ours, whenever they show. */
const localCodes: ReadonlyMap<string, string | undefined> = new Map([
  ["EMFILE", noFiles],
  ["ENFILE", noFiles],
  ["ENOBUFS", "this machine has no memory left for a connection to the upstream"],
  ["ENOMEM", "this machine has no memory left for a connection to the upstream"],
  ["EADDRNOTAVAIL", "this machine has no local port left for a connection to the upstream"],
  ["UND_ERR_DESTROYED", "the gateway closed its connections to the upstream"],
  ["UND_ERR_CLOSED", "the gateway closed its connections to the upstream"],
  ["UND_ERR_INVALID_ARG", undefined],
]);

/** More came than we take. */
const unreadableCodes: ReadonlyMap<string, string> = new Map([
  ["UND_ERR_RES_EXCEEDED_MAX_SIZE", "the upstream's response is larger than 32 MiB"],
  ["UND_ERR_HEADERS_OVERFLOW", "the headers of the upstream's response are too large"],
]);

function connectSentence(code: string): string {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the upstream's host name cannot be resolved";
    case "ECONNREFUSED":
      return "the upstream refuses connections";
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return "no connection to the upstream came about in time";
    default:
      return certificateCodes.test(code)
        ? "the upstream's certificate is not valid"
        : failureSentences.unreachable;
  }
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;
