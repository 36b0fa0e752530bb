import { readCost } from "../../core/cost/amount.js";
import { listBilledUsages, readBilledTokens } from "../../core/cost/billed-tokens.js";
import { isObject } from "../../core/json/parse.js";
import { isUnbilled, readFailure } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import type { Asked } from "./asked.js";
import { type BudgetUnit, UNITS } from "./config.js";

/** Bytes of a request for each token. Most texts have more, so the guess is rather too high. */
const BYTES_PER_TOKEN = 3;

/** What a request may cost, and how to tell what it has cost. */
export interface Estimate {
  /** In units of the ledger. */
  amount: number;
  /** @returns what an answer with this number of tokens costs, in units of the ledger */
  price(outputTokens: number): number;
}

/** Estimates two requests that one stream answers. */
export function addEstimates(one: Estimate, other: Estimate): Estimate {
  return {
    amount: one.amount + other.amount,
    price: (outputTokens) => one.amount + other.price(outputTokens),
  };
}

/**
 * Estimates what a request may cost: its own length, and the longest answer that it may have.
 * @param reserve tokens of an answer that nothing limits
 * @param fallback what to take if the price of the model is unknown, in units of the ledger
 */
export function estimateRequest(
  unit: BudgetUnit,
  message: Message,
  asked: Asked | undefined,
  reserve: number,
  fallback: number,
): Estimate {
  if (unit === "requests") return { amount: 1, price: () => 1 };
  const input = estimateInput(message);
  const price = (output: number) => {
    if (unit === "tokens") return input + output;
    const cost = asked?.estimateCost(message, input, output) ?? null;
    return cost === null ? fallback : Math.round(cost.usd * UNITS.usd);
  };
  return { amount: price(readMaxOutput(message) ?? asked?.maxTokens ?? reserve), price };
}

/**
 * Reads what a stream has cost, from its last message.
 * @returns units of the ledger. What is not known is estimated, and never more than what was reserved
 */
export function readCharge(unit: BudgetUnit, last: Message, { amount, price }: Estimate): number {
  const failure = readFailure(last);
  const stats = isObject(last.stats) ? last.stats : {};
  if (unit === "requests") {
    const isUnasked = failure?.phase === "queue" || failure?.phase === "connect";
    return isUnasked ? 0 : Number(stats["attempts"]) || 1;
  }
  const known = unit === "usd" ? readUsd(last) : readTokens(last);
  if (known !== undefined) return known;
  if (failure && isUnbilled(failure)) return 0;
  const characters = Number(stats["characters"]) || 0;
  return Math.min(amount, price(Math.ceil(characters / BYTES_PER_TOKEN)));
}

function readUsd(last: Message): number | undefined {
  const cost = readCost(last["cost"]);
  return cost ? Math.round(cost.usd * UNITS.usd) : undefined;
}

/** Adds up the tokens of all turns of a run, or reads those of a single answer. */
function readTokens(last: Message): number | undefined {
  const rounds = Array.isArray(last["rounds"]) ? last["rounds"].filter(isObject) : [];
  const usages = rounds.length > 0 ? rounds.map((round) => round["usage"]) : [last.usage];
  let sum = 0;
  for (const usage of usages) {
    if (!isObject(usage)) return undefined;
    for (const part of listBilledUsages(usage)) {
      const tokens = readBilledTokens(part);
      if (!tokens) return undefined;
      sum += tokens.input + tokens.output;
    }
  }
  return sum;
}

function estimateInput({ payload, messages, tools }: Message): number {
  try {
    const texts = [messages ?? payload, tools].map((value) => JSON.stringify(value ?? ""));
    return Math.ceil(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / BYTES_PER_TOKEN);
  } catch {
    // The chat-stream refuses what is no JSON.
    return 0;
  }
}

/** Names of the field that limits an answer, in several services. */
const MAX_TOKENS_FIELDS = ["max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens"];

function readMaxOutput({ options }: Message): number | undefined {
  if (!isObject(options)) return undefined;
  const count = options["n"];
  const limit = MAX_TOKENS_FIELDS.map((field) => options[field]).find((value) => Number(value) > 0);
  return limit === undefined ? undefined : Number(limit) * Math.max(1, Number(count) || 1);
}
