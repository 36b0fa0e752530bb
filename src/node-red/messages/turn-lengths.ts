import { isObject } from "../../core/json/parse.js";

/**
 * Reads how many characters of text each turn of the model has.
 * @param rounds `msg.rounds` of a tool-call-router; it has travelled through a flow, and may be anything
 */
export function readTurnLengths(rounds: unknown): number[] {
  const list: unknown[] = Array.isArray(rounds) ? rounds : [];
  return list.map((round) => Math.max(0, Number(isObject(round) && round["characters"]) || 0));
}

export function sumLengths(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}
