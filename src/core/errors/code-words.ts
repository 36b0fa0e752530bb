import type { FailureCode } from "../failure.js";
import { toVendorWord } from "../vendor-word.js";

/** Failure codes by vendors' codes and types, in the form of `toVendorWord()`, the most specific first. */
const CODES_BY_WORD: readonly (readonly [RegExp, FailureCode])[] = [
  [
    /(^|_)(tokens?|requests?|messages?)_rate|(^|_)tokens?_quota|(^|_)per_(minute|second|hour)(_|$)|throttl/,
    "rate_limit",
  ],
  [
    /context_(length|window|size|limit|overflow|exceeded|too_long)|exceed(s|ed)?_(the_)?context|(too_many|max|maximum|exceeded)_((input|prompt)_)?tokens(_exceeded|_error|_reached|_|$)|tokens?_limit|(prompt|input)(_is)?_too_long|(prompt|input)_(tokens_|length_)(limit_)?exceed|(^|_)((context|prompts?|inputs?|sequence|conversation|history|messages?|tokens?|length)_([a-z]+_)?(exceed(s|ed)?|overflow(ed)?|too_long|too_many|above_max|over_limit)|(context|prompts?|inputs?|conversation|history|messages?)_too_large|(request|query|text)_too_long|exceed(s|ed|ing)?_(max_|maximum_)?(context|prompt|input|length|tokens?))(_|$)|string_above_max_length/,
    "context_length",
  ],
  [
    /insufficient(?!_(permission|scope))|quota|billing|balance|spend_limit|payment|credit(?!ential)|budget_exceeded|arrear|blocked_api_access/,
    "insufficient_credits",
  ],
  [
    /content_filter|content_policy|content_management|_policy(_violation)?(_|$)|moderation|safety|responsible_?ai|data_inspection/,
    "content_filter",
  ],
  [
    /invalid_prompt|invalid_(base64_|input_)?image|(unsupported|empty)_image|image_(file|parse|too|url)/,
    "invalid_request",
  ],
  [/rate_?limit|too_many_requests|request_limit_exceeded|resource_exhausted/, "rate_limit"],
  [/overloaded|capacity|unavailable|model_offline|server_busy|engine_busy/, "overloaded"],
  [
    /authentication|auth_(error|fail)|signature_(fail|expired|invalid|not_match|does_not_match)|unauthenticated|missing_authorization|invalid_auth|api_key_(invalid|expired|missing|not|revoked|disabled)|(access_token|auth_token|id_token|credentials?)_(invalid|expired|missing|not|revoked|disabled|type_unsupported|malformed)|(invalid|incorrect|expired|missing|wrong|bad|unknown|no)_(api_?key|access_?token|token|credentials?|signature)(_|$)|unrecognized_client/,
    "authentication",
  ],
  [
    /permission|forbidden|access_denied|access_terminated|unauthorized|privacy_restricted|data_residency|api_key_(service|http_referrer|ip_address|android_app|ios_app)_blocked|not_authorized/,
    "permission",
  ],
  [
    /not_found|invalid_model|unknown_model|model_not_exist|no_such_model|unknown_url|invalid_url/,
    "not_found",
  ],
  [/time_?out|timed_out|deadline_exceeded/, "timeout"],
  [
    /invalid_request|invalid_argument|invalid_param|unrecognized_keys|validation|bad_request|tool_use_failed|too_large/,
    "invalid_request",
  ],
  [
    /server_error|model_error|internal|api_error|inference_failed|provider_error|stream_error/,
    "server_error",
  ],
];

/** Finds a failure code by a vendor's codes and types, separated by spaces. */
export function findCodeByWord(word: string): FailureCode | undefined {
  const words = toVendorWord(word);
  return CODES_BY_WORD.find(([pattern]) => pattern.test(words))?.[1];
}

/** A vendor's code among words: `context_length_exceeded`, `ContextWindowExceededError`, `rate-limit-exceeded`. */
const CODE = /\b(?:[A-Za-z\d]+(?:[_-][A-Za-z\d]+)+|[A-Z][a-z\d]+[A-Z][A-Za-z\d]*)\b/g;

/** Tells a code from other names, such as those of fields: it says what went wrong. */
const FAULT =
  /exceed|too[_-]?(long|many|large)|overflow|error|exception|invalid|incorrect|expired|exhausted|insufficient|not[_-]?found|denied|unauthori|reached|above[_-]?max|over[_-]?limit|overload|unavailable|throttl|time[_-]?out/i;

/** How much of a message is read. Messages are excerpts. */
const MAX_CHARS = 2_000;

/**
 * Finds a failure code by a vendor's code that a message quotes, as gateways quote the error that they got.
 * @param isVague whether a code says no more than a status, so that the next one counts
 */
export function findQuotedCode(
  message: string,
  isVague: (code: FailureCode) => boolean,
): FailureCode | undefined {
  for (const [word] of message.slice(0, MAX_CHARS).matchAll(CODE)) {
    const code = FAULT.test(word) ? findCodeByWord(word) : undefined;
    if (code && !isVague(code)) return code;
  }
  return undefined;
}

/** Turns a code into an HTTP status if it is a number from 400 to 599. */
export function toErrorStatus(code: unknown): number | undefined {
  const number = typeof code === "number" ? code : typeof code === "string" ? Number(code) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}
