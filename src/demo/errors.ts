export interface DemoErrorDetails {
  /** OpenAI's class of error; `invalid_request_error` by default. */
  readonly type?: string;
  readonly code?: string;
  /** The field of the request that is wrong. */
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal in the form of OpenAI's error reference: `{"error": {message, type, param, code}}`. */
export class DemoError extends Error {
  override readonly name = "DemoError";

  constructor(
    /** HTTP status. */
    readonly status: number,
    message: string,
    readonly details: DemoErrorDetails = {},
  ) {
    super(message);
  }

  buildBody(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { type = "invalid_request_error", param = null, code = null } = this.details;
    return { error: { message: this.message, type, param, code } };
  }
}

/** A 400 about one field of the request. */
export function createInvalidFieldError(param: string, problem: string, code = "invalid_value"): DemoError {
  return new DemoError(400, `Invalid '${param}': ${problem}`, { param, code });
}

/** A 400 about a field that the request lacks. */
export function createMissingFieldError(param: string): DemoError {
  return new DemoError(400, `Missing required parameter: '${param}'.`, {
    param,
    code: "missing_required_parameter",
  });
}
