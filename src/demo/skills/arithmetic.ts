import type { Skill } from "../question.js";

/** Also bounds how deep brackets can nest. */
const MAX_EXPRESSION_CHARS = 200;

const SIGNS: readonly [RegExp, string][] = [
  [/\bplus\b/g, "+"],
  [/\bminus\b|−/g, "-"],
  [/\btimes\b|[×·]/g, "*"],
  [/\bdivided by\b|÷/g, "/"],
  [/(\d),(?=\d{3}\b)/g, "$1"],
  // A date is not a subtraction.
  [/\b\d{4}-\d{2}-\d{2}\b/g, " "],
];

interface Operator {
  readonly rank: number;
  apply(left: number, right: number): number;
}

const OPERATORS: ReadonlyMap<string | undefined, Operator> = new Map([
  ["+", { rank: 1, apply: (left: number, right: number) => left + right }],
  ["-", { rank: 1, apply: (left: number, right: number) => left - right }],
  ["*", { rank: 2, apply: (left: number, right: number) => left * right }],
  ["/", { rank: 2, apply: (left: number, right: number) => left / right }],
  ["^", { rank: 3, apply: (left: number, right: number) => left ** right }],
]);

/** Two operands with an operator between them. */
const OPERATION = /\d\)*[-+*/^][-(\d]/;

/** @returns the first expression with an operator in the text, in plain signs; undefined if there is none */
export function findExpression(text: string): string | undefined {
  const plain = SIGNS.reduce((changed, [words, sign]) => changed.replace(words, sign), text.toLowerCase());
  return [...plain.matchAll(/[-(\d.][\d\s.()+*/^-]*/g)]
    .map(([found]) => found.trim())
    .find((found) => found.length <= MAX_EXPRESSION_CHARS && OPERATION.test(found.replace(/\s+/g, "")));
}

/** @returns the value: an infinity or NaN after a division by zero, undefined if the text is not an expression */
export function evaluateExpression(expression: string): number | undefined {
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/^()]/g) ?? [];
  if (tokens.join("") !== expression.replace(/\s+/g, "")) return undefined;
  let at = 0;

  function readValue(): number {
    const token = tokens[at++];
    if (token === "-") return -readOperations(3);
    if (token !== "(") return Number(token ?? Number.NaN);
    const value = readOperations(1);
    return tokens[at++] === ")" ? value : Number.NaN;
  }
  /** Reads as far as the operators have at least this rank. A power is worked out from the right. */
  function readOperations(minRank: number): number {
    let value = readValue();
    for (;;) {
      const operator = OPERATORS.get(tokens[at]);
      if (!operator || operator.rank < minRank) return value;
      at++;
      value = operator.apply(value, readOperations(operator.rank === 3 ? 3 : operator.rank + 1));
    }
  }

  const value = readOperations(1);
  return at === tokens.length ? value : undefined;
}

export const arithmetic: Skill = {
  thought: "This is a sum. I work it out step by step, multiplication before addition.",
  answer({ lower }) {
    const expression = findExpression(lower);
    const isAsked = /\b(?:what|calculate|compute|how much|solve)\b|=/.test(lower) || !/[a-z]{3,}/.test(lower);
    const value = expression && isAsked ? evaluateExpression(expression) : undefined;
    if (!expression || value === undefined) return undefined;
    const spaced = expression.replace(/\s+/g, "").replace(/(?<=[\d)])[-+*/^]/g, " $& ");
    const shown = spaced.replaceAll("*", "×").replaceAll("/", "÷");
    if (!Number.isFinite(value)) return `${shown} has no value: nothing can be divided by zero.`;
    return `${shown} = ${Number(value.toPrecision(12))}.`;
  },
};
