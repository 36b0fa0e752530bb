import { toPrintable } from "./printable.js";

/** Why a stream failed. The codes stay the same between versions. */
export type FailureCode =
  /** A setting of this package is missing or wrong. Nothing was sent. */
  | "configuration"
  /** The API key or a secret header is missing or cannot be sent. Nothing was sent. */
  | "credentials"
  /** The request is wrong, by this package's checks or the service's. */
  | "invalid_request"
  /** The service refused the API key. */
  | "authentication"
  /** The key may not use this model or feature. */
  | "permission"
  /** The model or the address does not exist. */
  | "not_found"
  /** The conversation is too long for the model. */
  | "context_length"
  /** The service refused the content. */
  | "content_filter"
  /** The account has no credit left. */
  | "insufficient_credits"
  /** The author's own budget is used up. Nothing was sent. */
  | "budget"
  /** The service gets too many requests. */
  | "rate_limit"
  /** The service, the provider's queue or the node is full. */
  | "overloaded"
  /** The service failed. */
  | "server_error"
  /** No connection: address, network, proxy or TLS. */
  | "connection"
  /** A limit in `Timeouts` has passed, or the service reports a timeout. */
  | "timeout"
  /** The stream broke off before its end. */
  | "interrupted"
  /** What came is not the answer of a chat service. */
  | "bad_response"
  /** The answer or the request is larger than `Limits` allows. */
  | "limit"
  /** The model called tools more often in a row than the author allows. */
  | "tool_rounds"
  /** The stream was cancelled. */
  | "cancelled";

/**
 * How far the stream had come when it failed.
 *
 * - `queue`: the provider's own queue was full, so the service was never asked.
 * - `connect`: no connection was open.
 * - `headers`: the request was sent, and no response or only a refusal came.
 * - `first_chunk`: the response began, without content so far.
 * - `streaming`: content came.
 * - `end`: the answer has ended, and what a node does with it failed.
 */
export type Phase = "queue" | "connect" | "headers" | "first_chunk" | "streaming" | "end";

/**
 * The error on the last message of a failed stream. It is plain data and has only these fields, so that no header and
 * no body can leak.
 */
export interface FailureData {
  code: FailureCode;
  /** What happened and what to do next, on one line. It never contains a key. */
  message: string;
  /** HTTP status, if there is one. */
  status?: number;
  /** How long the service asks to wait before a retry, in milliseconds. */
  retryAfterMs?: number;
  /** Whether a retry can succeed. */
  retryable: boolean;
  phase: Phase;
  /** The service's id of the request, for its support team. */
  requestId?: string;
  /** Id of the provider; `""` if the failure has no provider. */
  provider: string;
  /** The answer's text before the failure. */
  partial: string;
}

/** What is known about a failure where it happens. The stream adds the rest. */
export type FailureDetails = Partial<Omit<FailureData, "code" | "message">> & {
  /** The error underneath, if there is one. It is no part of the failure's data, and so of no message. */
  cause?: unknown;
};

/** Codes of failures that a retry can fix, unless their details say otherwise. */
export const RETRYABLE_CODES: ReadonlySet<FailureCode> = new Set([
  "rate_limit",
  "overloaded",
  "server_error",
  "connection",
  "timeout",
  "interrupted",
]);

/** The only error class of the package. Code that handles it compares `code`. */
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
    super(toPrintable(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? RETRYABLE_CODES.has(code);
    this.phase = details.phase ?? "connect";
    this.provider = details.provider ?? "";
    this.partial = details.partial ?? "";
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.requestId !== undefined) this.requestId = toPrintable(details.requestId);
  }

  /** Turns the failure into plain data, which survives cloning, MQTT and a queue. */
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
  return readThrownText(thrown).split("\n", 1)[0]!.replace(/\.$/, "").slice(0, MAX_REASON_CHARS);
}

/**
 * Turns anything thrown into a Failure. Any other error comes from a bug in this package or in its caller, so a retry
 * cannot help.
 * @param code for any other error
 */
export function toFailure(thrown: unknown, code: FailureCode = "bad_response"): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure(code, readThrownText(thrown), { retryable: false, cause: thrown });
}

/**
 * Reads the message of anything thrown. It need not be an `Error`: JSONata throws plain objects with a position, and errors
 * of function nodes come from another realm.
 */
function readThrownText(thrown: unknown): string {
  try {
    if (typeof thrown !== "object" || thrown === null) return String(thrown);
    const { message, position, code } = thrown as Record<string, unknown>;
    if (typeof message === "string" && message !== "") {
      return typeof position === "number" ? `${message} (position ${position})` : message;
    }
    if (thrown instanceof Error) return thrown.name;
    return typeof code === "string" ? code : JSON.stringify(thrown).slice(0, MAX_REASON_CHARS);
  } catch {
    return "an error that cannot be read";
  }
}
