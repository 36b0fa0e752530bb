import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { ANTHROPIC_NAME } from "./content-blocks.js";

/** How a request asks for thinking. */
export interface Thinking {
  thinking?: Record<string, unknown>;
  /** Tokens that thinking may take away from the answer's bound. */
  budget?: number;
  /** Goes into `output_config`. */
  output?: Record<string, unknown>;
}

/** The least that the service takes. */
const LEAST_BUDGET = 1024;

/** Tokens for each effort, for models that want a number. The largest leaves the smallest of them room for an answer. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: LEAST_BUDGET,
  low: LEAST_BUDGET,
  medium: 4096,
  high: 16_384,
  xhigh: 24_576,
  max: 24_576,
};

/**
 * What Chat Completions calls `reasoning_effort` (Anthropic's guide, "Extended thinking" and "Adaptive thinking"): older
 * models get a number of tokens, newer ones the word. The newest keep what they think to themselves if not asked for it.
 * @param most the author's bound of the whole answer, thinking included, in tokens
 * @throws Failure `invalid_request`
 */
export function chooseThinking(model: string, effort: unknown, most: unknown): Thinking {
  if (effort === undefined) return {};
  if (effort === "none") return { thinking: { type: "disabled" } };
  const budget = budgetFor(effort);
  if (budget === undefined)
    throw createUnsupportedFailure(ANTHROPIC_NAME, `the reasoning_effort ${JSON.stringify(effort)}`);
  const version = versionOf(model);
  if (version >= ADAPTIVE) {
    const newest = version > ADAPTIVE;
    const word = { minimal: "low", xhigh: newest ? "xhigh" : "high" }[String(effort)] ?? effort;
    const display = newest ? { display: "summarized" } : {};
    return { thinking: { type: "adaptive", ...display }, budget, output: { effort: word } };
  }
  if (typeof most !== "number") return { thinking: { type: "enabled", budget_tokens: budget }, budget };
  if (most <= LEAST_BUDGET) {
    throw new Failure(
      "invalid_request",
      `${model} thinks within max_tokens, with ${LEAST_BUDGET} tokens at least. Raise max_tokens or leave reasoning_effort out.`,
    );
  }
  const within = Math.max(LEAST_BUDGET, Math.min(budget, Math.floor(most * 0.75)));
  return { thinking: { type: "enabled", budget_tokens: within }, budget: within };
}

function budgetFor(effort: unknown): number | undefined {
  return typeof effort === "string" && Object.hasOwn(BUDGETS, effort) ? BUDGETS[effort] : undefined;
}

/** The tokens that the author gives for thinking in the service's own form, whose own effort is `high`. */
export function readThinkingBudget({
  thinking,
  output_config: output,
}: Readonly<Record<string, unknown>>): number {
  if (!isObject(thinking)) return 0;
  const { type, budget_tokens: budget } = thinking;
  if (type === "adaptive") return budgetFor(isObject(output) ? output["effort"] : "high") ?? BUDGETS["high"]!;
  return typeof budget === "number" ? budget : 0;
}

/** From this version on a model decides by itself how long it thinks, and refuses a number or advises against it. */
const ADAPTIVE = 406;

/**
 * A model's version, the major part as hundreds: 406 for `claude-opus-4-6`. Versions stand in names as in
 * `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest`, `anthropic.claude-opus-4@20250514`.
 * @returns that of a newest model where the name has none; 0 for a model of another house behind a gateway (MiniMax,
 *   Kimi), which knows only the older form
 */
function versionOf(model: string): number {
  const version = /claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)/i.exec(model);
  if (!version) return /claude/i.test(model) ? Number.POSITIVE_INFINITY : 0;
  return Number(version[1]) * 100 + Number(version[2] ?? 0);
}

/**
 * What the service refuses beside thinking, told in words that help.
 * @param body the request's
 * @throws Failure `invalid_request`
 */
export function checkThinking(model: string, body: Readonly<Record<string, unknown>>): void {
  const { thinking, temperature, top_k, top_p, tool_choice: choice } = body;
  const kind = isObject(thinking) ? thinking["type"] : undefined;
  if ((kind !== "enabled" && kind !== "adaptive") || versionOf(model) === 0) return;
  const refused = [
    temperature !== undefined && temperature !== 1 && "a temperature other than 1",
    top_k !== undefined && "top_k",
    typeof top_p === "number" && top_p < LEAST_TOP_P && `top_p below ${LEAST_TOP_P}`,
    isObject(choice) && ["any", "tool"].includes(String(choice["type"])) && "a tool that has to be called",
  ].find((what) => what !== false);
  if (refused)
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `${refused} beside thinking`,
      "Leave out the one or the other.",
    );
}

/** Below it the service takes none that thinks. */
const LEAST_TOP_P = 0.95;
