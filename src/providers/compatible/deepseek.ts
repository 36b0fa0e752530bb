/** DeepSeek's words for the efforts that it has not (@ai-sdk/deepseek 3.0.56). */
const NEAREST_EFFORTS: Readonly<Record<string, string>> = { minimal: "low", medium: "high", xhigh: "max" };

/**
 * Writes `reasoning_effort` as DeepSeek has it: whether to think is a field of its own, and its models know fewer efforts.
 * The author's own `thinking` wins.
 */
export function adaptDeepSeekEffort({
  reasoning_effort: effort,
  ...body
}: Record<string, unknown>): Record<string, unknown> {
  if (effort === undefined) return body;
  if (effort === "none") return { thinking: { type: "disabled" }, ...body };
  const word =
    typeof effort === "string" && Object.hasOwn(NEAREST_EFFORTS, effort) ? NEAREST_EFFORTS[effort] : effort;
  return { thinking: { type: "enabled" }, ...body, reasoning_effort: word };
}
