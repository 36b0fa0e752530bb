import type { Skill } from "../question.js";
import { NUMBER, parseNumber } from "../words.js";

const MAX_NUMBERS = 10_000;
const UP = new RegExp(String.raw`\bcount\b.*?(?:\bfrom (${NUMBER}) )?(?:up )?\bto (${NUMBER})\b`);
const DOWN = new RegExp(String.raw`\bcount (?:down|backwards) from (${NUMBER})\b(?: to (${NUMBER})\b)?`);

export const counting: Skill = {
  thought: "They want me to count. I go through the numbers in order and leave none out.",
  answer({ lower }) {
    const request = DOWN.exec(lower) ?? UP.exec(lower);
    if (!request) return undefined;
    const [, from = "1", to = "1"] = request;
    const [start, end] = [parseNumber(from), parseNumber(to)];
    const step = end < start ? -1 : 1;
    const wanted = Math.abs(end - start) + 1;
    const numbers = Array.from({ length: Math.min(wanted, MAX_NUMBERS) }, (_, at) => start + at * step);
    const ending = wanted > MAX_NUMBERS ? ` … and so on; I stop after ${MAX_NUMBERS} numbers.` : ".";
    return numbers.join(", ") + ending;
  },
};
