import { Failure } from "../core/failure.js";
import { cannotSend } from "./content.js";

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
 * models get a number of tokens, newer ones the word.
 * @param most the author's bound of the whole answer, thinking included, in tokens
 * @throws Failure `invalid_request`
 */
export function thinkingFor(model: string, effort: unknown, most: unknown): Thinking {
  if (effort === undefined) return {};
  if (effort === "none") return { thinking: { type: "disabled" } };
  const budget = typeof effort === "string" && Object.hasOwn(BUDGETS, effort) ? BUDGETS[effort] : undefined;
  if (budget === undefined) throw cannotSend("Anthropic", `the reasoning_effort ${JSON.stringify(effort)}`);
  if (thinksAsItSeesFit(model)) {
    return { thinking: { type: "adaptive" }, output: { effort: effort === "minimal" ? "low" : effort } };
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

/**
 * Whether a model decides by itself how long it thinks, and refuses a number or advises against it: from version 4.6 on.
 * Versions stand in names as in `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest`, `anthropic.claude-opus-4@20250514`.
 * A model of another house behind a gateway (MiniMax, Kimi) knows only the older form.
 */
function thinksAsItSeesFit(model: string): boolean {
  const version = /claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)/i.exec(model);
  if (!version) return /claude/i.test(model);
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  return major > 4 || (major === 4 && minor >= 6);
}
