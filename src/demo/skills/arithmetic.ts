import type { Skill } from "../question.js";

/** Sums in digits and a few words, read by a small recursive-descent parser. */

/** Also bounds how deep brackets can nest. */
const MAX_EXPRESSION_CHARS = 200;

const SIGNS: readonly [RegExp, string][] = [
  [/\bplus\b/g, "+"],
  [/\bminus\b|−/g, "-"],
  [/\b(?:times|multiplied by)\b|[×·]/g, "*"],
  [/\bdivided by\b|÷/g, "/"],
  [/(\d),(?=\d{3}\b)/g, "$1"],
  // A date is not a subtraction.
  [/\b\d{4}-\d{2}-\d{2}\b/g, " "],
];

/** @returns the first expression with an operator in the text, in plain signs; undefined if there is none */
export function findExpression(text: string): string | undefined {
  const plain = SIGNS.reduce((changed, [words, sign]) => changed.replace(words, sign), text.toLowerCase());
  return [...plain.matchAll(/[-(\d.][\d\s.()+*/^-]*/g)]
    .map(([found]) => found.trim())
    .find((found) => found.length <= MAX_EXPRESSION_CHARS && /\d\s*\)*\s*[-+*/^]\s*[-(\d]/.test(found));
}

/** @returns the value: an infinity or NaN after a division by zero, undefined if the text is not an expression */
export function evaluateExpression(expression: string): number | undefined {
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/^()]/g) ?? [];
  if (tokens.join("") !== expression.replace(/\s+/g, "")) return undefined;
  let at = 0;

  function readSum(): number {
    let value = readProduct();
    while (tokens[at] === "+" || tokens[at] === "-") {
      value = tokens[at++] === "+" ? value + readProduct() : value - readProduct();
    }
    return value;
  }
  function readProduct(): number {
    let value = readSigned();
    while (tokens[at] === "*" || tokens[at] === "/") {
      value = tokens[at++] === "*" ? value * readSigned() : value / readSigned();
    }
    return value;
  }
  function readSigned(): number {
    if (tokens[at] !== "-") return readPower();
    at++;
    return -readSigned();
  }
  function readPower(): number {
    const base = readAtom();
    if (tokens[at] !== "^") return base;
    at++;
    return base ** readSigned();
  }
  function readAtom(): number {
    if (tokens[at] !== "(") return Number(tokens[at++] ?? Number.NaN);
    at++;
    const value = readSum();
    return tokens[at++] === ")" ? value : Number.NaN;
  }

  const value = readSum();
  return at === tokens.length ? value : undefined;
}

export const arithmetic: Skill = {
  thought: "This is a sum. I work it out step by step, multiplication before addition.",
  answer({ lower }) {
    const expression = findExpression(lower);
    const isAsked = /\b(?:what|calculate|compute|how much|solve)\b|=/.test(lower) || !/[a-z]{3,}/.test(lower);
    const value = expression && isAsked ? evaluateExpression(expression) : undefined;
    if (!expression || value === undefined) return undefined;
    const shown = expression
      .replace(/\s+/g, "")
      .replace(/(?<=[\d)])[-+*/^]/g, " $& ")
      .replaceAll("*", "×")
      .replaceAll("/", "÷");
    if (!Number.isFinite(value)) return `${shown} has no value: nothing can be divided by zero.`;
    return `${shown} = ${Number(value.toPrecision(12))}.`;
  },
};
