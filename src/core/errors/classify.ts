import type { FailureCode } from "../failure.js";

/** What an error says of itself, wherever it was found. */
export interface ErrorClues {
  /** HTTP status, or a number in the body that looks like one. */
  status?: number;
  /** The vendor's code, type or status word. */
  word?: string;
  message?: string;
  /** The service says when to ask again. */
  hasRetryHint?: boolean;
}

/** Codes and types that vendors send, in lower case, most telling first. */
const CODES_BY_WORD: readonly (readonly [RegExp, FailureCode])[] = [
  [/context_length|context_window|exceed_context|too_many_tokens|string_above_max_length/, "context_length"],
  [
    /insufficient(?!_(permission|scope))|quota|billing|balance|spend_limit|payment|credit|budget_exceeded|arrearage|blocked_api_access/,
    "insufficient_credits",
  ],
  [/content_filter|content_policy|content_management|moderation|safety|responsible_?ai/, "content_filter"],
  [/rate_limit|rate-limit|too_many_requests|resource_exhausted|throttl|\bratelimit/, "rate_limit"],
  [/overloaded|at_capacity|capacity|unavailable|model_offline/, "overloaded"],
  [
    /invalid_api_key|authentication|auth_error|unauthenticated|missing_authorization|invalid_auth/,
    "authentication",
  ],
  [/permission|forbidden|access_denied|access_terminated|unauthorized|privacy_restricted/, "permission"],
  [/model_not_found|not_found|invalid_model|unknown_model/, "not_found"],
  [/timeout|deadline_exceeded/, "timeout"],
  [
    /invalid_request|invalid_argument|unrecognized_keys|validation|bad_request|tool_use_failed|too_large/,
    "invalid_request",
  ],
  [/server_error|internal|api_error|inference_failed|provider_error|stream_error/, "server_error"],
];

/** What a text tells; the loose ones are words that also stand in schemas and in advice: see `BLAMES`. */
type Sentence = readonly [pattern: RegExp, code: FailureCode, loose?: "loose"];

/** Words of a sentence, for services that put everything into one. Order matters: the rarer, the earlier. */
const CODES_BY_SENTENCE: readonly Sentence[] = [
  [
    /context (length|window|size|limit)|maximum (context|prompt length)|too many tokens|token (limit|count .{0,40}exceeds)|(prompt|input) is too long/i,
    "context_length",
  ],
  [
    /insufficient (\w+ ){0,4}(balance|credits?|funds|quota)\b|exceeded your current quota|credit balance|spend(ing)? limit|specified api usage limits|(out of|any|enough|more|available) credits?\b|credits? (exhausted|remaining)/i,
    "insufficient_credits",
  ],
  [
    /content (policy|filter|management)|content exists risk|violates? .*(polic|usage guidelines)|\bmoderation\b/i,
    "content_filter",
  ],
  [/rate.?limit|too many requests|\b429\b|no resources?\b/i, "rate_limit"],
  [
    /\bquota (limit )?(was |has been )?(exceeded|exhausted)|\bexceed(ed|s|ing)? ((your|the|its|our) ([\w-]+ ){0,4}|[\w-]+ )?quota\b|\bbalance (is )?(too low|insufficient|not enough)|\benable billing|\boverdue balance/i,
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
  [/model .*(not found|does not exist)|unknown model|no such model|not (yet )?implemented/i, "not_found"],
  [/timed? ?out|timeout|\b504\b/i, "timeout"],
];

/** Statuses whose meaning does not depend on the body. */
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

/** Codes that a body may put in the place of the status's own. */
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

/** The failure code for an error that a service reported, by its status first and its words second. */
export function classify(clues: ErrorClues): FailureCode {
  const status = clues.status;
  if (status === undefined || status < 400) return findCodeByWords(clues, undefined) ?? "server_error";
  const ruled = CODES_BY_STATUS[status] ?? (status >= 500 ? "server_error" : "invalid_request");
  const spoken = findCodeByWords(clues, ruled);
  return spoken && REFINEMENTS[ruled]?.includes(spoken) ? spoken : ruled;
}

/** Words that say no more than a status would: the sentence beside them may (a gateway quotes what it got). */
const VAGUE_CODES: ReadonlySet<FailureCode> = new Set(["invalid_request", "server_error", "permission"]);

/** The request or its rights are at fault: the text may speak of what stands in the request, or of what to do. */
const REQUEST_FAULTS: ReadonlySet<FailureCode | undefined> = new Set(["invalid_request", "permission"]);

/** An account that is used up, under the word that Google has for a rate limit too. */
const EMPTY_ACCOUNT = /\bcredits are depleted|\b(exceeded|reached) .{0,30}\bspend(ing)? cap\b/i;

/** @param ruled what the status means, where there is one */
function findCodeByWords(
  { word = "", message = "", hasRetryHint: waits }: ErrorClues,
  ruled: FailureCode | undefined,
): FailureCode | undefined {
  if (EMPTY_ACCOUNT.test(message)) return "insufficient_credits";
  const named = CODES_BY_WORD.find(([pattern]) => pattern.test(word.toLowerCase()))?.[1];
  if (named && !VAGUE_CODES.has(named)) return named;
  const said = findCodeBySentence(message, REQUEST_FAULTS.has(ruled ?? named));
  // An account that is empty does not fill itself within a time that can be told.
  return (said === "insufficient_credits" && waits ? "rate_limit" : said) ?? named;
}

/** An address leads to the page about quotas and billing, whatever is wrong. */
const ADDRESS = /(https?:\/\/|\b[\w-]+(\.[\w-]+)+\/)[^\s"'<>)]+/gi;

/** A name from the request: `'billing_address'`. */
const QUOTED_NAME = /(['"`])[^\s'"`]+\1/g;

function findCodeBySentence(message: string, blamed: boolean): FailureCode | undefined {
  const told = message.replace(ADDRESS, "");
  const text = blamed ? told.replace(QUOTED_NAME, "") : told;
  return CODES_BY_SENTENCE.find(([pattern, , loose]) => !(blamed && loose) && pattern.test(text))?.[1];
}

/**
 * Whether asking again can help. Statuses decide where there is one: 408, 409, 425, 429 and 5xx but for
 * 501 and 505 (the tables of the OpenAI and Anthropic SDKs). Quota and billing never.
 */
export function isRetryable(code: FailureCode, status?: number): boolean {
  if (code === "insufficient_credits" || code === "context_length" || code === "authentication") return false;
  if (status !== undefined && status >= 400) {
    if (status === 501 || status === 505) return false;
    return status >= 500 || status === 408 || status === 409 || status === 425 || status === 429;
  }
  return ["rate_limit", "overloaded", "server_error", "connection", "timeout", "interrupted"].includes(code);
}
