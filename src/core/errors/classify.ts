import { type FailureCode, RETRYABLE_CODES } from "../failure.js";
import { followedBy, type MessagePattern } from "./phrase.js";

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

/** Failure codes by vendors' codes and types in lower case, the most specific first. */
const CODES_BY_WORD: readonly (readonly [RegExp, FailureCode])[] = [
  [/context_length|context_window|exceed_context|too_many_tokens|string_above_max_length/, "context_length"],
  [
    /insufficient(?!_(permission|scope))|quota|billing|balance|spend_limit|payment|credit|budget_exceeded|arrearage|blocked_api_access/,
    "insufficient_credits",
  ],
  [
    /content_filter|content_policy|content_management|_policy(_violation)?\b|moderation|safety|responsible_?ai/,
    "content_filter",
  ],
  [
    /invalid_prompt|invalid_\w{0,20}image|(unsupported|empty)_image|image_(file|parse|too|url)/,
    "invalid_request",
  ],
  [/rate_limit|rate-limit|too_many_requests|resource_exhausted|throttl|\bratelimit/, "rate_limit"],
  [/overloaded|at_capacity|capacity|unavailable|model_offline/, "overloaded"],
  [
    /invalid_api_key|authentication|auth_error|unauthenticated|missing_authorization|invalid_auth/,
    "authentication",
  ],
  [
    /permission|forbidden|access_denied|access_terminated|unauthorized|privacy_restricted|data_residency/,
    "permission",
  ],
  [/model_not_found|not_found|invalid_model|unknown_model/, "not_found"],
  [/timeout|deadline_exceeded/, "timeout"],
  [
    /invalid_request|invalid_argument|unrecognized_keys|validation|bad_request|tool_use_failed|too_large/,
    "invalid_request",
  ],
  [
    /server_error|model_error|internal|api_error|inference_failed|provider_error|stream_error/,
    "server_error",
  ],
];

/** A rule for error messages. A loose one matches single words that also stand in quoted requests and in advice. */
type SentenceRule = readonly [pattern: MessagePattern, code: FailureCode, loose?: "loose"];

/** How far apart the words of a rule may be. Messages are excerpts, so this is nearly all of a message. */
const MAX_DISTANCE_CHARS = 300;

/**
 * Failure codes by the error's message, for services that put everything into it. The first match counts: rare ones
 * come first.
 */
const CODES_BY_SENTENCE: readonly SentenceRule[] = [
  [
    /context (length|window|size|limit)|maximum (context|prompt length)|too many tokens|token limit|(prompt|input) is too long/i,
    "context_length",
  ],
  [followedBy(/token count /gi, 47, /exceeds/i), "context_length"],
  [
    /exceeded your current quota|credit balance|spend(ing)? limit|specified api usage limits|(out of|any|enough|more|available) credits?\b|credits? (exhausted|remaining)/i,
    "insufficient_credits",
  ],
  [followedBy(/insufficient /gi, 60, /^[\w ]*\b(balance|credits?|funds|quota)\b/i), "insufficient_credits"],
  [/content (policy|filter|management)|content exists risk|\bmoderation\b/i, "content_filter"],
  [followedBy(/violates? /gi, MAX_DISTANCE_CHARS, /polic|usage guidelines/i), "content_filter"],
  [/rate.?limit|too many requests|\b429\b|no resources?\b/i, "rate_limit"],
  [
    /\bquota (limit )?(was |has been )?(exceeded|exhausted)|\bbalance (is )?(too low|insufficient|not enough)|\benable billing|\boverdue balance/i,
    "insufficient_credits",
  ],
  [
    followedBy(/\bexceed(ed|s|ing)? /gi, 80, /^((your|the|its|our) [\w -]*|[\w-]+ )?\bquota\b/i),
    "insufficient_credits",
  ],
  [/\b(quota|billing|balance)\b/i, "insufficient_credits", "loose"],
  [/overloaded|at capacity|temporarily unavailable|service unavailable|\b503\b|\b529\b/i, "overloaded"],
  [
    /invalid api key|incorrect api key|api key (not valid|expired)|\bunauthori[sz]ed\b|authentication ?(error|fail|required)|\b401\b/i,
    "authentication",
  ],
  [/invalid key|authenticat/i, "authentication", "loose"],
  [/\b403\b|forbidden|permission|does not have access/i, "permission"],
  [/unknown model|no such model|not (yet )?implemented/i, "not_found"],
  [followedBy(/model /gi, MAX_DISTANCE_CHARS, /not found|does not exist/i), "not_found"],
  [/timed? ?out|timeout|\b504\b/i, "timeout"],
];

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
  ],
  permission: ["insufficient_credits", "content_filter", "authentication"],
  not_found: [],
  rate_limit: ["insufficient_credits", "overloaded"],
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

/** Google reports an empty account with the same code as a rate limit; only the message differs. */
const EMPTY_ACCOUNT: readonly MessagePattern[] = [
  /\bcredits are depleted/i,
  followedBy(/\b(exceeded|reached) /gi, 42, /\bspend(ing)? cap\b/i),
];

/** @param byStatus the code of the status, if there is one */
function findCodeByWords(
  { word = "", message = "", hasRetryHint }: ErrorClues,
  byStatus: FailureCode | undefined,
): FailureCode | undefined {
  if (EMPTY_ACCOUNT.some((pattern) => pattern.test(message))) return "insufficient_credits";
  const byWord = CODES_BY_WORD.find(([pattern]) => pattern.test(word.toLowerCase()))?.[1];
  if (byWord && !VAGUE_CODES.has(byWord)) return byWord;
  const bySentence = findCodeBySentence(message, REQUEST_FAULTS.has(byStatus ?? byWord));
  // No service knows when an empty account will be filled, so with a time to wait this is a rate limit.
  return (bySentence === "insufficient_credits" && hasRetryHint ? "rate_limit" : bySentence) ?? byWord;
}

/** A run of characters that may be a web address. */
const ADDRESS_CHARACTERS = /[^\s"'<>)]+/g;

/** Whether a run of characters is a web address: it has a scheme, or a host name before its first slash. */
function isWebAddress(run: string): boolean {
  const slash = run.indexOf("/");
  return slash > 0 && (/https?:\/\//i.test(run) || /\w\.\w/.test(run.slice(0, slash)));
}

/** A quoted name from the request, such as `'billing_address'`. */
const QUOTED_NAME = /(['"`])[^\s'"`]+\1/g;

/** @param quotesRequest whether the message may quote the request */
function findCodeBySentence(message: string, quotesRequest: boolean): FailureCode | undefined {
  // Many errors link to a page about quotas and billing, whatever is wrong.
  const withoutAddresses = message.replace(ADDRESS_CHARACTERS, (run) => (isWebAddress(run) ? "" : run));
  const text = quotesRequest ? withoutAddresses.replace(QUOTED_NAME, "") : withoutAddresses;
  return CODES_BY_SENTENCE.find(([pattern, , loose]) => !(quotesRequest && loose) && pattern.test(text))?.[1];
}

/**
 * Whether a retry can succeed. If there is a status, it decides: 408, 409, 425, 429 and 5xx except 501 and 505, as in
 * the OpenAI and Anthropic SDKs. A retry never helps against an empty account, a too long context or a wrong key.
 */
export function isRetryable(code: FailureCode, status?: number): boolean {
  if (code === "insufficient_credits" || code === "context_length" || code === "authentication") return false;
  if (status !== undefined && status >= 400) {
    if (status === 501 || status === 505) return false;
    return status >= 500 || status === 408 || status === 409 || status === 425 || status === 429;
  }
  return RETRYABLE_CODES.has(code);
}
