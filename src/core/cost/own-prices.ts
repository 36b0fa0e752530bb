import { Failure } from "../failure.js";
import { isObject } from "../json/parse.js";
import { type Cost, createCost } from "./amount.js";
import type { BilledTokens } from "./billed-tokens.js";

/** What a model costs, in US dollars. A part without a price of its own costs as much as the tokens around it. */
export interface ModelPrices {
  /** For a million tokens of the request. */
  input: number;
  /** For a million tokens of the answer. */
  output: number;
  /** For a million tokens of the request that the service read from its cache. */
  cacheRead?: number;
  /** For a million tokens of the request that the service wrote into its cache. */
  cacheWrite?: number;
  /** For a million tokens of audio in the request. */
  inputAudio?: number;
  /** For a million tokens of audio in the answer. */
  outputAudio?: number;
  /** For each request. */
  request?: number;
}

/** Prices by the name of the model. A name may end in `*`, which stands for any ending. */
export type OwnPrices = Readonly<Record<string, ModelPrices>>;

const FIELDS: readonly (keyof ModelPrices)[] = [
  "input",
  "output",
  "cacheRead",
  "cacheWrite",
  "inputAudio",
  "outputAudio",
  "request",
];

const TOKENS_PER_PRICE = 1e6;

/** @throws Failure `configuration` that says where the table is wrong */
export function checkOwnPrices(table: Readonly<Record<string, unknown>>): OwnPrices {
  for (const [model, prices] of Object.entries(table)) {
    const isRight =
      isObject(prices) &&
      typeof prices["input"] === "number" &&
      typeof prices["output"] === "number" &&
      Object.entries(prices).every(
        ([name, price]) =>
          FIELDS.some((field) => field === name) &&
          typeof price === "number" &&
          Number.isFinite(price) &&
          price >= 0,
      );
    if (isRight) continue;
    throw new Failure(
      "configuration",
      `The prices of the model “${model}” cannot be read. Write {"input": 1.25, "output": 10}: US dollars for a million tokens. Also possible: ${FIELDS.slice(2).join(", ")}.`,
    );
  }
  return table as OwnPrices;
}

/** @returns null if the table does not have the model */
export function calculateOwnCost(table: OwnPrices, model: string, counts: BilledTokens): Cost | null {
  const prices = findPrices(table, model);
  if (!prices) return null;
  const { input, output, cacheRead = input, cacheWrite = input, request = 0 } = prices;
  const { inputAudio = input, outputAudio = output } = prices;
  const heard = counts.inputAudio - counts.cachedAudio;
  const plain = counts.input - counts.cacheRead - counts.cacheWrite - heard;
  const millionths =
    plain * input +
    counts.cacheRead * cacheRead +
    counts.cacheWrite * cacheWrite +
    heard * inputAudio +
    (counts.output - counts.outputAudio) * output +
    counts.outputAudio * outputAudio;
  return createCost(millionths / TOKENS_PER_PRICE + request, "own");
}

/** Finds the prices of a model: by its name, otherwise by the longest beginning that the table has. */
function findPrices(table: OwnPrices, model: string): ModelPrices | undefined {
  if (Object.hasOwn(table, model)) return table[model];
  const beginnings = Object.keys(table).filter(
    (name) => name.endsWith("*") && model.startsWith(name.slice(0, -1)),
  );
  const best = beginnings.sort((one, other) => other.length - one.length)[0];
  return best === undefined ? undefined : table[best];
}
