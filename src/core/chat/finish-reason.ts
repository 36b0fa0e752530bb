/** Vendors' words for the four reasons that Chat Completions knows; compared in lower case. */
const WORDS: Readonly<Record<string, string>> = {
  stop: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  eos: "stop",
  eos_token: "stop",
  length: "length",
  max_tokens: "length",
  model_length: "length",
  model_context_window_exceeded: "length",
  tool_calls: "tool_calls",
  tool_use: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
  safety: "content_filter",
  recitation: "content_filter",
  blocklist: "content_filter",
  prohibited_content: "content_filter",
  spii: "content_filter",
  image_safety: "content_filter",
  image_prohibited_content: "content_filter",
  image_recitation: "content_filter",
  refusal: "content_filter",
};

/** Reasons that tell of a fault of the service, not of an end; compared in lower case. */
const FAULTS: ReadonlySet<string> = new Set(["error", "insufficient_system_resource"]);

/** Whether a finish reason says that the service broke off (OpenRouter's `error`, DeepSeek's lack of resources). */
export function isFaultReason(raw: string | null | undefined): boolean {
  return typeof raw === "string" && FAULTS.has(raw.toLowerCase());
}

/**
 * The finish reason in the words of the message contract.
 * @returns the vendor's own word where it fits none, `unknown` where there was none.
 */
export function normaliseFinishReason(raw: string | null | undefined): string {
  if (!raw) return "unknown";
  return Object.hasOwn(WORDS, raw.toLowerCase()) ? WORDS[raw.toLowerCase()]! : raw;
}

/**
 * The end of a choice under the name that Chat Completions has for it, with the vendor's own beside it.
 * @param called the choice has tool calls, which some vendors do not say in the reason
 */
export function buildFinishFields(
  raw: string,
  called: boolean,
): { finish_reason: string; native_finish_reason: string } {
  const reason = normaliseFinishReason(raw);
  return { finish_reason: called && reason === "stop" ? "tool_calls" : reason, native_finish_reason: raw };
}
