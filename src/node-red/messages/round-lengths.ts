import { isObject } from "../../core/json/parse.js";

/**
 * How many characters the model has said in each of its turns.
 * @param rounds what a tool-call-router tells of them; it has travelled through a flow, and may be anything
 */
export function roundLengths(rounds: unknown): number[] {
  const told = Array.isArray(rounds) ? rounds : [];
  return told.map((round) => Math.max(0, Number(isObject(round) && round["characters"]) || 0));
}

export function sumOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}
