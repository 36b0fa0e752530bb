import type { Skill } from "../conversation.js";
import { NUMBER, numberFrom } from "../wording.js";

/** Numbers in one answer; "count to a million" is a promise that nobody wants kept. */
const MOST = 10_000;

const UP = new RegExp(
  String.raw`\bcount(?:ing)?\s+(?:up\s+)?(?:from\s+(${NUMBER})\s+)?(?:up\s+)?to\s+(${NUMBER})\b`,
);
const DOWN = new RegExp(
  String.raw`\bcount(?:ing|down)?\s*(?:down|backwards?)?\s+from\s+(${NUMBER})(?:\s+(?:down\s+)?to\s+(${NUMBER}|0|zero))?`,
);
const STEP = new RegExp(String.raw`\b(?:by|in steps of|in)\s+(${NUMBER})s?\b`);

export const counting: Skill = {
  thought: "They want me to count. I go through the numbers in order and leave none out.",
  answer({ lower }) {
    if (!/\bcount/.test(lower)) return undefined;
    const up = UP.exec(lower);
    const down = /\bdown\b|\bbackwards?\b|\bcountdown\b/.test(lower) ? DOWN.exec(lower) : null;
    if (!up && !down) return undefined;
    let from = numberFrom((down ?? up)![1]) ?? 1;
    let to = down ? (numberFrom(down[2]) ?? (/\b(?:0|zero)\b/.test(lower) ? 0 : 1)) : numberFrom(up![2])!;
    if (!down && from > to && up![1] === undefined) [from, to] = [to, from];
    const step = Math.max(1, numberFrom(STEP.exec(lower)?.[1]) ?? 1);
    return count(from, to, step);
  },
};

function count(from: number, to: number, step: number): string {
  const wanted = Math.floor(Math.abs(to - from) / step) + 1;
  const direction = to < from ? -step : step;
  const numbers = Array.from({ length: Math.min(wanted, MOST) }, (_, at) => from + at * direction);
  const end = wanted > MOST ? ` … and so on; I stop after ${MOST} numbers.` : ".";
  return numbers.join(", ") + end;
}
