import { type FailureCode, RETRYABLE_CODES } from "../failure.js";
import { findCodeByWord, findQuotedCode } from "./code-words.js";
import { findCodeBySentence, tellsEmptyAccount } from "./sentences.js";
import { tellsThrottling, tellsTooLargeAlone } from "./throttle-words.js";

/** What an error of a service shows about its cause. */
export interface ErrorClues {
  /** HTTP status of the response, or a number in the body that looks like one. */
  status?: number;
  /** The vendor's codes, types and status words, separated by spaces. */
  word?: string;
  message?: string;
  /** Whether the service says when to try again. */
  hasRetryHint?: boolean;
}

/** Failure codes by HTTP status. The body may refine them, see `REFINEMENTS`. */
const CODES_BY_STATUS: Readonly<Record<number, FailureCode>> = {
  400: "invalid_request",
  401: "authentication",
  402: "insufficient_credits",
  403: "permission",
  404: "not_found",
  405: "not_found",
  408: "timeout",
  409: "overloaded",
  410: "not_found",
  413: "invalid_request",
  415: "invalid_request",
  422: "invalid_request",
  425: "overloaded",
  429: "rate_limit",
  499: "interrupted",
  503: "overloaded",
  504: "timeout",
  522: "timeout",
  524: "timeout",
  529: "overloaded",
};

/** Codes that the body may put in the place of the status's code. */
const REFINEMENTS: Readonly<Partial<Record<FailureCode, readonly FailureCode[]>>> = {
  invalid_request: [
    "context_length",
    "content_filter",
    "insufficient_credits",
    "not_found",
    "authentication",
    "rate_limit",
  ],
  permission: ["insufficient_credits", "content_filter", "authentication", "rate_limit"],
  not_found: [],
  rate_limit: ["insufficient_credits", "overloaded", "context_length"],
  overloaded: ["rate_limit"],
  server_error: ["overloaded", "rate_limit", "timeout", "context_length"],
};

/** Classifies an error that a service reported: by its status first, by its words second. */
export function classify(clues: ErrorClues): FailureCode {
  const status = clues.status;
  if (status === undefined || status < 400) return findCodeByWords(clues, undefined) ?? "server_error";
  const byStatus = CODES_BY_STATUS[status] ?? (status >= 500 ? "server_error" : "invalid_request");
  const byWords = findCodeByWords(clues, byStatus);
  return byWords && REFINEMENTS[byStatus]?.includes(byWords) ? byWords : byStatus;
}

/** Codes that say no more than a status. The message may say more, because a gateway quotes the error that it got. */
const VAGUE_CODES: ReadonlySet<FailureCode> = new Set(["invalid_request", "server_error", "permission"]);

/** Codes whose message may quote the request or give advice, so loose words in it prove nothing. */
const REQUEST_FAULTS: ReadonlySet<FailureCode | undefined> = new Set(["invalid_request", "permission"]);

/** @param byStatus the code of the status, if there is one */
function findCodeByWords(
  { word = "", message = "", hasRetryHint }: ErrorClues,
  byStatus: FailureCode | undefined,
): FailureCode | undefined {
  if (tellsEmptyAccount(message)) return "insufficient_credits";
  const byWord = findCodeByWord(word);
  const isThrottled = tellsThrottling(message);
  if ((byStatus ?? byWord) === "rate_limit" || isThrottled) {
    // No waiting helps if one request is larger than what a minute may have.
    if (tellsTooLargeAlone(message)) return "context_length";
  }
  if (byWord && !VAGUE_CODES.has(byWord)) {
    return byWord === "context_length" && isThrottled && !isAboutContext(word) ? "rate_limit" : byWord;
  }
  const bySentence = findCodeBySentence(message, REQUEST_FAULTS.has(byStatus ?? byWord));
  // Beside the status of a rate limit, a limit of tokens is one of a minute.
  if (bySentence === "context_length" && byStatus === "rate_limit") return byWord;
  // No service knows when an empty account will be filled, so with a time to wait this is a rate limit.
  if (bySentence) return bySentence === "insufficient_credits" && hasRetryHint ? "rate_limit" : bySentence;
  return findQuotedCode(message, (code) => VAGUE_CODES.has(code)) ?? byWord;
}

/** Whether a code names the length of the context. A code that names tokens alone can mean tokens in a minute. */
function isAboutContext(word: string): boolean {
  return /context|length/i.test(word);
}

/**
 * Whether a retry can succeed. It never can with an empty account, a context that is too long or a wrong key. It always can
 * after a rate limit. Otherwise the status decides, if there is one: 408, 409, 425, 429 and 5xx except 501 and 505, as in
 * the OpenAI and Anthropic SDKs. So a 502 that quotes an `invalid_request_error` is retried: a gateway may use that word for
 * every error, and a request too many costs less than an answer that is given up too early.
 */
export function isRetryable(code: FailureCode, status?: number): boolean {
  if (code === "insufficient_credits" || code === "context_length" || code === "authentication") return false;
  if (code === "rate_limit") return true;
  if (status !== undefined && status >= 400) {
    if (status === 501 || status === 505) return false;
    return status >= 500 || status === 408 || status === 409 || status === 425 || status === 429;
  }
  return RETRYABLE_CODES.has(code);
}
