/** Why a stream failed, in words that stay the same between versions. */
export type FailureCode =
  | "configuration"
  | "credentials"
  | "invalid_request"
  | "authentication"
  | "permission"
  | "not_found"
  | "context_length"
  | "content_filter"
  | "insufficient_credits"
  | "rate_limit"
  | "overloaded"
  | "server_error"
  | "connection"
  | "timeout"
  | "interrupted"
  | "bad_response"
  | "limit"
  | "tool_rounds"
  | "cancelled";

/** How far the stream had come. */
export type Phase = "connect" | "headers" | "first_chunk" | "streaming" | "end";

/** What the last message of a failed stream carries: plain data, a whitelist, no headers and no bodies. */
export interface FailureData {
  code: FailureCode;
  /** Says what happened and what to do next; never contains a key. */
  message: string;
  /** HTTP status, where there was one. */
  status?: number;
  /** The service's own hint how long to wait, in milliseconds. */
  retryAfterMs?: number;
  /** Whether asking again can succeed. */
  retryable: boolean;
  phase: Phase;
  /** The service's id of the request, for its support. */
  requestId?: string;
  provider: string;
  /** The answer's text up to the failure. */
  partial: string;
}

/** Whatever is known of a failure where it is found; the stream fills in the rest. */
export type FailureDetails = Partial<Omit<FailureData, "code" | "message">>;

/** Codes that a second try can mend, where nobody knows better. */
const RETRYABLE_CODES: ReadonlySet<FailureCode> = new Set([
  "rate_limit",
  "overloaded",
  "server_error",
  "connection",
  "timeout",
  "interrupted",
]);

/** The one error class of the package. Match on `code`. */
export class Failure extends Error implements FailureData {
  override readonly name = "Failure";
  readonly code: FailureCode;
  status?: number;
  retryAfterMs?: number;
  retryable: boolean;
  phase: Phase;
  requestId?: string;
  provider: string;
  partial: string;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message);
    this.code = code;
    this.retryable = details.retryable ?? RETRYABLE_CODES.has(code);
    this.phase = details.phase ?? "connect";
    this.provider = details.provider ?? "";
    this.partial = details.partial ?? "";
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.requestId !== undefined) this.requestId = details.requestId;
  }

  /** Plain data for a message: survives cloning, MQTT and a queue. */
  toJSON(): FailureData {
    const data: FailureData = {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      phase: this.phase,
      provider: this.provider,
      partial: this.partial,
    };
    if (this.status !== undefined) data.status = this.status;
    if (this.retryAfterMs !== undefined) data.retryAfterMs = this.retryAfterMs;
    if (this.requestId !== undefined) data.requestId = this.requestId;
    return data;
  }
}

/** Characters of a foreign error message that go into a sentence of this package. */
const MAX_REASON_CHARS = 200;

/**
 * Reads the message of anything thrown, to be used inside a sentence: its first line, shortened, without a full stop.
 * V8 draws a circular structure in further lines.
 */
export function readReason(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split("\n", 1)[0]!.replace(/\.$/, "").slice(0, MAX_REASON_CHARS);
}

/** Turns anything thrown into a Failure; what is not ours is a fault of this package or of the caller. */
export function toFailure(thrown: unknown, code: FailureCode = "bad_response"): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure(code, thrown instanceof Error ? thrown.message : String(thrown), { retryable: false });
}
