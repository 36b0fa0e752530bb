import type { Skill } from "./conversation.js";

/** Simple sums in digits and words, worked out by a small recursive-descent parser. */

/** Longest expression that is read; it also bounds how deep brackets can nest. */
const LONGEST = 200;

const WORDS: readonly [RegExp, string][] = [
  [/\bplus\b/g, "+"],
  [/\bminus\b/g, "-"],
  [/\b(?:times|multiplied by)\b/g, "*"],
  [/\b(?:divided by|over)\b/g, "/"],
  [/\b(?:to the power of)\b/g, "^"],
  [/(?:%|\bpercent)\s+of\b/g, "/ 100 *"],
  [/\bsquared\b/g, "^ 2"],
  [/[×·]/g, "*"],
  [/÷/g, "/"],
  [/−/g, "-"],
  [/(\d)\s*x\s*(?=\d)/g, "$1 * "],
  [/(\d),(?=\d{3}\b)/g, "$1"],
];

const CUE =
  /\b(?:what(?:'s| is| are)?|calculate|compute|how much|work out|solve|evaluate|result|sum|answer|square root)\b|=/;

/** @returns the first expression with an operator in `text`, in plain signs; undefined where there is none. */
export function expressionIn(text: string): string | undefined {
  const root = /\bsquare root of\s+(\d+(?:\.\d+)?)/i.exec(text)?.[1];
  if (root) return `${root} ^ 0.5`;
  let plain = text.toLowerCase();
  for (const [pattern, sign] of WORDS) plain = plain.replace(pattern, sign);
  // A date is not a subtraction.
  plain = plain.replace(/\b\d{4}-\d{2}-\d{2}\b/g, " ");
  for (const [found] of plain.matchAll(/[-(\d.][\d\s.()+*/^-]*/g)) {
    const expression = found.trim();
    if (/\d\s*\)*\s*[-+*/^]\s*[-(\d]/.test(expression) && expression.length <= LONGEST) return expression;
  }
  return undefined;
}

/** @returns the value, or undefined where the text is no expression. Division by zero gives an infinity or NaN. */
export function evaluate(expression: string): number | undefined {
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/^()]/g) ?? [];
  if (tokens.join("") !== expression.replace(/\s+/g, "")) return undefined;
  let at = 0;

  function sum(): number {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-")
      value = tokens[at++] === "+" ? value + product() : value - product();
    return value;
  }
  function product(): number {
    let value = sign();
    while (tokens[at] === "*" || tokens[at] === "/")
      value = tokens[at++] === "*" ? value * sign() : value / sign();
    return value;
  }
  function sign(): number {
    if (tokens[at] !== "-") return power();
    at++;
    return -sign();
  }
  function power(): number {
    const base = atom();
    if (tokens[at] !== "^") return base;
    at++;
    return base ** sign();
  }
  function atom(): number {
    if (tokens[at] !== "(") return Number(tokens[at++] ?? Number.NaN);
    at++;
    const value = sum();
    return tokens[at++] === ")" ? value : Number.NaN;
  }

  const value = sum();
  return at === tokens.length ? value : undefined;
}

export const arithmetic: Skill = {
  thought: "This is a sum. I work it out step by step, multiplication before addition, and check the result.",
  answer({ lower }) {
    const expression = expressionIn(lower);
    if (expression === undefined) return undefined;
    if (!CUE.test(lower) && /[a-z]{3,}/.test(lower)) return undefined;
    const value = evaluate(expression);
    if (value === undefined) return undefined;
    const root = /^(\S+) \^ 0\.5$/.exec(expression)?.[1];
    if (root) return `The square root of ${root} is ${Number(value.toPrecision(12))}.`;
    const shown = expression
      .replace(/\s+/g, "")
      .replace(/(?<=[\d)])([-+*/^])/g, " $1 ")
      .replaceAll("*", "×")
      .replaceAll("/", "÷");
    if (!Number.isFinite(value)) return `${shown} has no value: nothing can be divided by zero.`;
    return `${shown} = ${Number(value.toPrecision(12))}.`;
  },
};
