import { toVendorWord } from "../vendor-word.js";

/** Vendors' words for the four finish reasons of Chat Completions, in the form of `toWord()`. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  stop: [
    "stop",
    "end_turn",
    "stop_sequence",
    "stop_string_found",
    "stop_token",
    "eos",
    "eos_token",
    "eos_found",
    "endoftext",
    "complete",
    "completed",
    "done",
    "finished",
    "normal",
    "success",
  ],
  length: ["length", "limit", "error_limit", "max_tokens", "model_length", "continuation"],
  tool_calls: ["tool_calls", "tool_call", "tool_use", "function_call", "function_calls"],
  content_filter: [
    "content_filter",
    "safety",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "refusal",
  ],
};

const REASON_BY_WORD: ReadonlyMap<string, string> = new Map(
  Object.entries(REASONS).flatMap(([reason, words]) => words.map((word) => [word, reason] as const)),
);

/** What words mean that are in no table, by their parts. */
const REASON_BY_PART: readonly (readonly [RegExp, string])[] = [
  [
    /content_?(filter|policy|moderat|manage|block)|(^|_)(safety|sensitive|guardrails?|moderation|moderated|prohibited|blocklist|block|blocked|filtered|censored|toxic|toxicity|refusal|refused|recitation|spii|profanity|policy|risk|armor|harmful|inappropriate|unsafe|pii|violation|violations|inspection|nsfw|jailbreak|hate|self_harm|copyright|csam|violence|sexual)(_|$)|^filter$/,
    "content_filter",
  ],
  [
    /(^|_)max(imum)?_(\w{1,30}_)?(tokens?|length|len|context)(_|$)|(^|_)(tokens?|context|output|input|length|sequence|window|size)_(\w{1,30}_)?(limit|limits|length|window|exceeded|reached|overflow|full|capped|exhausted)(_|$)|(^|_)(truncated|truncation|token_budget|too_long|out_of_(tokens|context|space)|n_predict)(_|$)|^(max|limit|maximum)_(reached|exceeded|hit)$/,
    "length",
  ],
];

/** Words of a choice that has not ended. */
const UNFINISHED: ReadonlySet<string> = new Set([
  "",
  "null",
  "none",
  "unspecified",
  "not_finished",
  "in_progress",
]);

/** Why a service or a model broke an answer off. */
export interface FinishFault {
  code: "rate_limit" | "overloaded" | "timeout" | "interrupted" | "bad_response" | "server_error";
  /** The beginning of a sentence. */
  message: string;
  retryable: boolean;
}

/** Faults by the words of finish reasons. The first that fits counts. */
const FAULTS: readonly (readonly [RegExp, FinishFault["code"], string, "final"?])[] = [
  [/(^|_)too_many_(tool|function)s?_/, "bad_response", "The model called too many tools in a row", "final"],
  [
    /(^|_)missing_thought_signature/,
    "bad_response",
    "A tool call in the conversation lacks the signature that it came with",
    "final",
  ],
  [
    /(^|_)unexpected_(tool|function)/,
    "bad_response",
    "The model called a tool although the request has none",
  ],
  [
    /(^|_)(malformed|invalid|bad|broken|unpars[a-z]*|unreadable|incomplete)_(tool|function)/,
    "bad_response",
    "The model wrote an unreadable tool call",
  ],
  [/(^|_)malformed(_|$)/, "bad_response", "The model wrote an unreadable answer"],
  [
    /(^|_)(rate_?limit(ed)?|throttl\w*|too_many_requests|quota)(_|$)/,
    "rate_limit",
    "The service cut the answer off, because too much was requested",
  ],
  [
    /(^|_)(over_?load(ed)?|(over)?capacity|busy|unavailable)(_|$)/,
    "overloaded",
    "The service was too busy to complete the answer",
  ],
  [
    /(^|_)(time_?out|timed_out|time_(limit|exceeded)|max_time|deadline)(_|$)/,
    "timeout",
    "The service ran out of time before the answer was complete",
  ],
  [
    /(^|_)(network|connection|disconnect(ed)?|abort(ed)?|interrupt(ed)?|cancel(l?ed|lation)?|terminated|killed|dropped|stalled|broken|reset|lost|closed?|hang_up|hung_up|socket|peer|incomplete_[a-z]+|premature(ly)?|died|dead|gone|eof|unreachable)(_|$)/,
    "interrupted",
    "The service broke the answer off",
  ],
  [
    /(^|_)(errors?|err|fail|failed|failure|fault|exception|crash(ed)?|internal|invalid|unexpected|insufficient|preempt(ed)?|evicted|unloaded|shut_?down|shutting_down|bad_gateway|oom|out_of_memory|exhausted|panic|http_[45]\d\d|resources?)(_|$)/,
    "server_error",
    "The service ended the answer with an error",
  ],
];

/** Brings a finish reason into a common form: `FINISH_REASON_EOS_FOUND` becomes `eos_found`. */
function toWord(raw: string): string {
  return toVendorWord(raw).replace(/^(finish_|stop_)?reason_/, "");
}

/** Whether a finish reason says that the choice has not ended. Some services write `"null"` for null. */
export function isUnfinished(raw: string): boolean {
  return UNFINISHED.has(toWord(raw));
}

/**
 * Translates a vendor's finish reason into the words of the message contract.
 * @returns the vendor's own word if it is not known here; `unknown` without a reason
 */
export function normaliseFinishReason(raw: string | null | undefined): string {
  if (!raw) return "unknown";
  const word = toWord(raw);
  return REASON_BY_WORD.get(word) ?? REASON_BY_PART.find(([pattern]) => pattern.test(word))?.[1] ?? raw;
}

/**
 * Reads what a finish reason tells of a fault: trouble on the network, an overload, a tool call that cannot be read, plain
 * failure.
 * @returns undefined if the answer has ended properly, was too long or was withheld
 */
export function readFinishFault(raw: string | null | undefined): FinishFault | undefined {
  if (!raw || normaliseFinishReason(raw) !== raw || REASON_BY_WORD.has(raw)) return undefined;
  const word = toWord(raw);
  const fault = FAULTS.find(([pattern]) => pattern.test(word));
  return fault && { code: fault[1], message: fault[2], retryable: fault[3] === undefined };
}

/** Whether an answer with this reason was cut off or withheld, so that its tool calls may be incomplete. */
export function isCutOff(reason: string): boolean {
  return reason === "length" || reason === "content_filter" || readFinishFault(reason) !== undefined;
}

/**
 * Builds the fields with which a choice ends: the finish reason of Chat Completions and the vendor's own.
 * @param hasToolCalls whether the choice has tool calls; some vendors end such a choice with `stop`
 */
export function buildFinishFields(
  raw: string,
  hasToolCalls: boolean,
): { finish_reason: string; native_finish_reason: string } {
  const reason = normaliseFinishReason(raw);
  return {
    finish_reason: hasToolCalls && reason === "stop" ? "tool_calls" : reason,
    native_finish_reason: raw,
  };
}
