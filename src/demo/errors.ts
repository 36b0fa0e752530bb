/** Where an error body points at, in OpenAI's words. */
export interface ApiErrorDetails {
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal in the form of OpenAI's error reference: `{"error": {message, type, param, code}}`. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status. */
    readonly status: number,
    message: string,
    readonly details: ApiErrorDetails = {},
  ) {
    super(message);
  }

  body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { type = "invalid_request_error", param = null, code = null } = this.details;
    return { error: { message: this.message, type, param, code } };
  }
}

/** A 400 about one field of the request. */
export function invalid(param: string, message: string, code = "invalid_value"): ApiError {
  return new ApiError(400, message, { param, code });
}
