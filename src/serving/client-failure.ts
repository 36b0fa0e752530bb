import type { FailureCode, FailureData } from "../core/failure.js";

/** A failure as a client sees it. */
export interface ClientFailure {
  /** HTTP status, if nothing has been sent yet. */
  status: number;
  /** The kind of error in OpenAI's words. */
  type: string;
  /** The code in OpenAI's words, or null. */
  code: string | null;
  /** What happened and what the client can do. It holds nothing that only the author of the flow may know. */
  message: string;
  /** The field of the request that is wrong, or null. */
  param: string | null;
  /** Seconds to wait before the next attempt, if known. */
  retryAfterS?: number;
  /** Whether asking again would fail again. */
  isFinal?: boolean;
}

const MAX_RETRY_AFTER_S = 60;

/** What clients learn about a failure. Text `undefined`: they get the failure's own message, which is about their request. */
type Row = readonly [status: number, type: string, code: string | null, text: string | undefined];

const INVALID = "invalid_request_error";
const SERVER = "server_error";
const HIDDEN = "The flow behind this model failed. Its author finds the reason in the log of Node-RED.";

const ROWS: Readonly<Record<FailureCode, Row>> = {
  invalid_request: [400, INVALID, null, undefined],
  limit: [400, INVALID, null, undefined],
  context_length: [
    400,
    INVALID,
    "context_length_exceeded",
    "The conversation is too long for the model. Shorten it, or start a new one.",
  ],
  content_filter: [400, INVALID, "content_filter", "A filter of the model's service refused the request."],
  rate_limit: [
    429,
    "rate_limit_error",
    "rate_limit_exceeded",
    "The model gets too many requests. Try again later.",
  ],
  insufficient_credits: [
    429,
    "insufficient_quota",
    "insufficient_quota",
    "The account behind this model has no credit left.",
  ],
  budget: [429, "insufficient_quota", "insufficient_quota", "The budget for this model is used up."],
  overloaded: [503, SERVER, "overloaded", "The model is busy. Try again later."],
  timeout: [504, SERVER, "timeout", "The model did not answer in time. Try again."],
  connection: [502, SERVER, "connection", "The model cannot be reached. Try again later."],
  interrupted: [502, SERVER, "interrupted", "The answer broke off. Try again."],
  bad_response: [502, SERVER, "bad_response", "The model's answer could not be read. Try again."],
  server_error: [502, SERVER, "server_error", "The model's service has a problem. Try again later."],
  configuration: [500, SERVER, null, HIDDEN],
  credentials: [500, SERVER, null, HIDDEN],
  // Not 401 or 403: the client would take its own key for wrong.
  authentication: [500, SERVER, null, HIDDEN],
  permission: [500, SERVER, null, HIDDEN],
  not_found: [500, SERVER, null, HIDDEN],
  tool_rounds: [500, SERVER, "tool_rounds", "The model called tools without coming to an end."],
  cancelled: [500, SERVER, "cancelled", "The answer was cancelled."],
};

/** Failures that a retry would only repeat, although their status invites one. */
const FINAL: ReadonlySet<FailureCode> = new Set([
  "insufficient_credits",
  "budget",
  "configuration",
  "credentials",
  "authentication",
  "permission",
  "not_found",
  "tool_rounds",
  "cancelled",
]);

/** Describes the failure of a stream for a client. */
export function describeFailure(failure: FailureData): ClientFailure {
  const code: FailureCode = Object.hasOwn(ROWS, failure.code) ? failure.code : "server_error";
  const [status, type, clientCode, text] = ROWS[code];
  const described: ClientFailure = {
    status,
    type,
    code: clientCode,
    message: text ?? failure.message,
    param: null,
  };
  const { retryAfterMs } = failure;
  if (typeof retryAfterMs === "number" && retryAfterMs > 0 && status !== 400) {
    described.retryAfterS = Math.min(MAX_RETRY_AFTER_S, Math.max(1, Math.ceil(retryAfterMs / 1000)));
  }
  if (FINAL.has(code)) described.isFinal = true;
  return described;
}

/** Refuses a request that never reaches a flow. */
export function createRefusal(
  status: number,
  message: string,
  more: Partial<Omit<ClientFailure, "status" | "message">> = {},
): ClientFailure {
  return { status, type: INVALID, code: null, message, param: null, ...more };
}

/** Builds the headers that tell clients whether and when to ask again. */
export function buildRetryHeaders({ retryAfterS, isFinal }: ClientFailure): Record<string, string> {
  return {
    ...(retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) }),
    ...(isFinal ? { "x-should-retry": "false" } : {}),
  };
}
