import type { FailureCode } from "../failure.js";
import { toVendorWord } from "../vendor-word.js";

/** Failure codes by vendors' codes and types, in the form of `toVendorWord()`, the most specific first. */
const CODES_BY_WORD: readonly (readonly [RegExp, FailureCode])[] = [
  [/(^|_)tokens?_(quota|rate)|throttl/, "rate_limit"],
  [
    /context_(length|window|size|limit|overflow|exceeded|too_long)|exceed(s|ed)?_(the_)?context|(too_many|max|maximum|exceeded)_((input|prompt)_)?tokens(_exceeded|_error|_reached|_|$)|tokens?_limit|(prompt|input)(_is)?_too_long|(prompt|input)_(tokens_|length_)(limit_)?exceed|string_above_max_length/,
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
    /authentication|auth_error|unauthenticated|missing_authorization|invalid_auth|api_key_(invalid|expired|missing|not|revoked|disabled)|(invalid|incorrect|expired|missing|wrong|bad|unknown|no)_(api_?key|access_?token|token|credentials?|signature)(_|$)|unrecognized_client/,
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
