/** Vendors' words for the four finish reasons of Chat Completions, in lower case. */
const REASONS: Readonly<Record<string, string>> = {
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

/** Finish reasons that report a fault of the service, in lower case. */
const FAULT_REASONS: ReadonlySet<string> = new Set(["error", "insufficient_system_resource"]);

/** Whether a finish reason reports that the service broke off (OpenRouter's `error`, DeepSeek's lack of resources). */
export function isFaultReason(raw: string | null | undefined): boolean {
  return typeof raw === "string" && FAULT_REASONS.has(raw.toLowerCase());
}

/**
 * Translates a vendor's finish reason into the words of the message contract.
 * @returns the vendor's own word if it is none of the known ones; `unknown` without a reason
 */
export function normaliseFinishReason(raw: string | null | undefined): string {
  if (!raw) return "unknown";
  return Object.hasOwn(REASONS, raw.toLowerCase()) ? REASONS[raw.toLowerCase()]! : raw;
}

/** Whether an answer with this reason was cut off or withheld, so that its tool calls may be incomplete. */
export function isCutOff(reason: string): boolean {
  return reason === "length" || reason === "content_filter" || isFaultReason(reason);
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
