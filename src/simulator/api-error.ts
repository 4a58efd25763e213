/** A refusal as the OpenAI API words it: the value that becomes an error response. */
export interface ApiError {
  readonly kind: "error";
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly code: string | undefined;
  /** The member of the request that is wrong, such as `messages[0].role`. */
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

interface ErrorParts {
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function apiError(status: number, message: string, parts: ErrorParts = {}): ApiError {
  return {
    kind: "error",
    status,
    type: parts.type ?? (status >= 500 ? "server_error" : "invalid_request_error"),
    message,
    code: parts.code,
    param: parts.param,
    headers: parts.headers ?? {},
  };
}

/** A 400 about one member of the request. */
export function badRequest(param: string, message: string, code?: string): ApiError {
  return apiError(400, message, code === undefined ? { param } : { param, code });
}

/** The body on the wire. The API sends `null` for what does not apply. */
export function errorBody(error: ApiError): string {
  const { message, type, param, code } = error;
  return JSON.stringify({ error: { message, type, param: param ?? null, code: code ?? null } });
}
