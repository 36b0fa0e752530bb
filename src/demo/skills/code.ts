import type { Skill } from "../conversation.js";

interface Sample {
  readonly when: RegExp;
  readonly code: string;
  /** One or two sentences beneath the code. */
  readonly remark: string;
}

/** JavaScript that really runs; a test evaluates it. */
const SAMPLES: readonly Sample[] = [
  {
    when: /\bfibonacci\b/,
    code: `function fibonacci(n) {
  let [a, b] = [0, 1];
  for (let i = 0; i < n; i++) [a, b] = [b, a + b];
  return a;
}`,
    remark: "It needs no recursion: two numbers and a loop are enough. `fibonacci(10)` is 55.",
  },
  {
    when: /\bfactorial\b/,
    code: `function factorial(n) {
  let product = 1n;
  for (let i = 2n; i <= BigInt(n); i++) product *= i;
  return product;
}`,
    remark: "It counts in `BigInt`, so that the result stays exact beyond 18!.",
  },
  {
    when: /\bfizz ?buzz\b/,
    code: `function fizzBuzz(n) {
  if (n % 15 === 0) return "FizzBuzz";
  if (n % 5 === 0) return "Buzz";
  if (n % 3 === 0) return "Fizz";
  return String(n);
}`,
    remark: "The test for 15 comes first; after the others it would never be reached.",
  },
  {
    when: /\bprimes?\b/,
    code: `function isPrime(n) {
  if (n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0) return false;
  }
  return true;
}`,
    remark: "It stops at the square root of n, since a larger divisor would have a smaller partner.",
  },
  {
    when: /\brevers(?:e[sd]?|ing)\b|\bpalindrome\b/,
    code: `function reverse(text) {
  return [...text].reverse().join("");
}`,
    remark: "Spreading the string takes it apart by code points, so that an emoji is not cut in half.",
  },
  {
    when: /\bsort/,
    code: `function sortBy(list, key) {
  return [...list].sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0));
}`,
    remark: "It sorts a copy: whoever passed the list in keeps theirs as it was.",
  },
  {
    when: /\bnode[- ]?red\b|\bfunction node\b|\bmsg\b/,
    code: `// In a function node: number the chunks of a stream.
const index = msg.parts ? msg.parts.index : 0;
msg.payload = (index + 1) + ": " + msg.payload;
return msg;`,
    remark: "Each message of a stream has its place in `msg.parts.index`, counted from 0.",
  },
  {
    when: /\b(?:fetch|http|request|download)\b/,
    code: `async function getJson(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error("The server answered " + response.status);
  return response.json();
}`,
    remark: "`fetch` resolves on a 404 as well, so the status has to be looked at.",
  },
  {
    when: /\bhello\b/,
    code: `function greet(name = "world") {
  return "Hello, " + name + "!";
}`,
    remark: 'Call it as `greet()` or `greet("Ada")`.',
  },
];

const GENERAL: Sample = {
  when: /./,
  code: `function countWords(text) {
  const counts = new Map();
  for (const word of text.toLowerCase().match(/[a-z']+/g) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}`,
  remark:
    "I know only a handful of programs by heart, and yours is not among them, so here is one that counts words.",
};

const OTHER_LANGUAGE =
  /\b(python|rust|golang|java|c\+\+|c#|ruby|php|kotlin|swift|bash|sql|haskell|typescript)(?![\w+#])/;

export const code: Skill = {
  thought:
    "They want code. I write a small function, keep it readable and say one thing that is worth knowing.",
  answer({ lower }) {
    const asks =
      /\b(?:code|javascript|function|snippet|script|program|algorithm|regex|fizz ?buzz)\b/.test(lower) &&
      /\b(?:write|show|give|make|create|implement|example|sample|need|want|how (?:do|can|would) i)\b/.test(
        lower,
      );
    if (!asks) return undefined;
    const { code: text, remark } = SAMPLES.find((sample) => sample.when.test(lower)) ?? GENERAL;
    const other = OTHER_LANGUAGE.exec(lower)?.[1];
    const opening = other
      ? "JavaScript is the only language that I know, so here it is in JavaScript:"
      : "Here you are:";
    return `${opening}\n\n\`\`\`javascript\n${text}\n\`\`\`\n\n${remark}`;
  },
};
