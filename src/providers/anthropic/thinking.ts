import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { ANTHROPIC_NAME } from "./content-blocks.js";

/** The fields with which a request asks for thinking. */
export interface ThinkingRequest {
  thinking?: Record<string, unknown>;
  /** Tokens of `max_tokens` that thinking may use up. */
  budget?: number;
  /** Goes into `output_config`. */
  outputConfig?: Record<string, unknown>;
}

/** The smallest budget that Anthropic takes. */
const MIN_BUDGET_TOKENS = 1024;

/** Thinking tokens by effort. The largest leaves room for an answer within the smallest model's limit. */
const BUDGET_TOKENS: Readonly<Record<string, number>> = {
  minimal: MIN_BUDGET_TOKENS,
  low: MIN_BUDGET_TOKENS,
  medium: 4096,
  high: 16_384,
  xhigh: 24_576,
  max: 24_576,
};

/** The part of `max_tokens` that thinking may use at most. */
const MAX_BUDGET_SHARE = 0.75;

/** From this version on, models choose how long they think: they refuse a number of tokens or advise against it. */
const ADAPTIVE_VERSION = 406;

/** From this version on, models may think without being asked (@ai-sdk/anthropic 4.0.105, about Sonnet 5). */
const THINKING_VERSION = 500;

/** Models that refuse to be asked for no thinking at all (@ai-sdk/anthropic 4.0.105, `thinkingCanBeDisabled`). */
const ALWAYS_THINKS = /claude-(?:opus-5-5|fable-5)/i;

/** Models whose least thinking is that between calls of tools. */
const THINKS_BETWEEN_TOOLS = /claude-sonnet-5-5/i;

/** With thinking, Anthropic refuses a smaller `top_p`. */
const MIN_TOP_P = 0.95;

/**
 * Translates `reasoning_effort` (Anthropic's guides, "Extended thinking" and "Adaptive thinking"): older models take a
 * number of tokens, newer ones a word. Models newer than `ADAPTIVE_VERSION` show their thinking only if asked to.
 * @param maxTokens the author's limit for the whole answer, thinking included
 * @throws Failure `invalid_request` for an unknown effort, or a limit that leaves no room for thinking
 */
export function chooseThinking(model: string, effort: unknown, maxTokens: unknown): ThinkingRequest {
  if (effort === undefined) return {};
  if (effort === "none") return { thinking: { type: chooseLeastThinking(model) } };
  const budget = findBudget(effort);
  if (budget === undefined) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `the reasoning_effort ${JSON.stringify(effort)}`,
      `Use none, ${Object.keys(BUDGET_TOKENS).join(", ")}.`,
    );
  }
  const version = readModelVersion(model);
  if (version >= ADAPTIVE_VERSION) {
    const isNewer = version > ADAPTIVE_VERSION;
    const word = { minimal: "low", xhigh: isNewer ? "xhigh" : "high" }[String(effort)] ?? effort;
    const display = isNewer ? { display: "summarized" } : {};
    return { thinking: { type: "adaptive", ...display }, budget, outputConfig: { effort: word } };
  }
  if (typeof maxTokens !== "number") return { thinking: { type: "enabled", budget_tokens: budget }, budget };
  if (maxTokens <= MIN_BUDGET_TOKENS) {
    throw new Failure(
      "invalid_request",
      `${model} thinks within max_tokens and needs at least ${MIN_BUDGET_TOKENS} tokens for it. Raise max_tokens or leave reasoning_effort out.`,
    );
  }
  const limit = Math.max(MIN_BUDGET_TOKENS, Math.min(budget, Math.floor(maxTokens * MAX_BUDGET_SHARE)));
  return { thinking: { type: "enabled", budget_tokens: limit }, budget: limit };
}

/** @throws Failure `invalid_request` for a model that always thinks */
function chooseLeastThinking(model: string): string {
  if (THINKS_BETWEEN_TOOLS.test(model)) return "between_tools";
  if (!ALWAYS_THINKS.test(model)) return "disabled";
  throw createUnsupportedFailure(
    ANTHROPIC_NAME,
    `the reasoning_effort "none" for ${model}`,
    "It always thinks. Use low.",
  );
}

function findBudget(effort: unknown): number | undefined {
  return typeof effort === "string" && Object.hasOwn(BUDGET_TOKENS, effort)
    ? BUDGET_TOKENS[effort]
    : undefined;
}

/** Reads how many tokens a request in Anthropic's own form allows for thinking; its default effort is `high`. */
export function readThinkingBudget(
  model: string,
  { thinking, output_config: output }: Readonly<Record<string, unknown>>,
): number {
  const isOwnChoice = thinking === undefined && readModelVersion(model) >= THINKING_VERSION;
  const { type, budget_tokens: budget } = isObject(thinking) ? thinking : {};
  if (isOwnChoice || type === "adaptive" || type === "between_tools") {
    return findBudget(isObject(output) ? output["effort"] : "high") ?? BUDGET_TOKENS["high"]!;
  }
  return typeof budget === "number" ? budget : 0;
}

/**
 * Reads a model's version, with the major part as hundreds: 406 for `claude-opus-4-6`. Names look like
 * `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest` or `anthropic.claude-opus-4@20250514`.
 * @returns infinity for a Claude without a version in its name; 0 for another vendor's model behind a gateway (MiniMax,
 *   Kimi), which knows only the older form of thinking
 */
function readModelVersion(model: string): number {
  const version = /claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)/i.exec(model);
  if (!version) return /claude/i.test(model) ? Number.POSITIVE_INFINITY : 0;
  return Number(version[1]) * 100 + Number(version[2] ?? 0);
}

/**
 * Refuses the parameters that Anthropic refuses together with thinking, because its own errors do not say what to change.
 * Other vendors' models are not checked.
 * @param body the body of the request
 * @throws Failure `invalid_request`
 */
export function checkThinking(model: string, body: Readonly<Record<string, unknown>>): void {
  const { thinking, temperature, top_k, top_p, tool_choice: choice } = body;
  const type = isObject(thinking) ? thinking["type"] : undefined;
  if ((type !== "enabled" && type !== "adaptive") || readModelVersion(model) === 0) return;
  const conflict = [
    temperature !== undefined && temperature !== 1 && "a temperature other than 1",
    top_k !== undefined && "top_k",
    typeof top_p === "number" && top_p < MIN_TOP_P && `top_p below ${MIN_TOP_P}`,
    isObject(choice) &&
      ["any", "tool"].includes(String(choice["type"])) &&
      "a tool choice that forces a call",
  ].find((text) => text !== false);
  if (conflict) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `${conflict} together with thinking`,
      "Leave out one of the two.",
    );
  }
}
