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
  const characters = Number(stats["characters"]) || 0;
  const turns = listTurns(last);
  if (unit === "requests") {
    const attempts = Number(stats["attempts"]) || 1;
    const isUnasked = failure?.phase === "queue" || failure?.phase === "connect";
    if (!isUnasked) return attempts;
    return characters > 0 || turns.length > 1 ? Math.max(1, attempts - 1) : 0;
  }
  const known = unit === "usd" ? readUsd([last]) : readTokens(turns);
  if (known !== undefined) return known;
  const latestCharacters = turns.length > 1 ? Number(turns.at(-1)!["characters"]) || 0 : characters;
  if (failure && isUnbilled(failure) && latestCharacters === 0) {
    // The latest turn reached no model. Those before it have.
    const earlier = turns.slice(0, -1);
    const billed = unit === "usd" ? readUsd(earlier) : readTokens(earlier);
    if (billed !== undefined) return billed;
  }
  return Math.min(amount, price(Math.ceil(characters / BYTES_PER_TOKEN)));
}

/** Lists the turns of a run, or the single answer of a stream without tools. */
function listTurns(last: Message): Record<string, unknown>[] {
  const rounds = Array.isArray(last["rounds"]) ? last["rounds"].filter(isObject) : [];
  return rounds.length > 0 ? rounds : [last];
}

/** Adds up what turns have cost. @returns undefined if it is not known of one */
function readUsd(turns: readonly Record<string, unknown>[]): number | undefined {
  let sum = 0;
  for (const turn of turns) {
    const cost = readCost(turn["cost"]);
    if (!cost) return undefined;
    sum += cost.usd;
  }
  return Math.round(sum * UNITS.usd);
}

/** Adds up the tokens of turns. @returns undefined if they are not known of one */
function readTokens(turns: readonly Record<string, unknown>[]): number | undefined {
  let sum = 0;
  for (const { usage } of turns) {
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
