import type { Skill } from "../question.js";

const FIBONACCI = `

\`\`\`javascript
function fibonacci(n) {
  let [a, b] = [0, 1];
  for (let i = 0; i < n; i++) [a, b] = [b, a + b];
  return a;
}
\`\`\`

It needs no recursion: two numbers and a loop are enough. \`fibonacci(10)\` is 55.`;

const ABILITIES = `I am a small script and not a language model, but I can show what this package does. You can ask me to:

- tell a story or write a haiku about anything you like
- count to any number, or work out a sum such as 12 * 7
- list planets, fruits, cities and a few more things
- explain streaming, Node-RED, tool calls or why the sky is blue
- write a function for the Fibonacci numbers
- repeat a text after you, or remember your name in a conversation
- call the tools that a request offers, and answer in JSON

Choose the model demo-reasoning to see me think first, or a model such as demo:fault=drop&after=12 to see an answer break off on purpose.`;

const WRITE = /\b(?:write|show|give)\b/;

/** Answers by patterns for the question in lower case. The first whose patterns all fit wins. */
const ANSWERS: readonly [RegExp | readonly RegExp[], string][] = [
  [
    /\b(?:who|what) are you\b|\bwhat(?:'s| is) your name\b|\bintroduce yourself\b/,
    "I am the demo model of this package: a small script that runs on your own machine and speaks the same protocol as a real service, so that a flow can be built and tested without an account. When you want real answers, choose another provider; nothing else in the flow has to change.",
  ],
  [/^help\b|\bwhat can (?:you|i) (?:do|ask)\b|\bhow can you help\b/, ABILITIES],
  [[WRITE, /\bfibonacci\b/], `Here you are:${FIBONACCI}`],
  [
    [WRITE, /\b(?:code|function|program|script)\b/],
    `I know only one function by heart, so here it is:${FIBONACCI}`,
  ],
  [
    /^(?:hello|hi|hey|good (?:morning|afternoon|evening))\b/,
    "Hello! I am the demo model of this package. Ask me for a story, a haiku, a list or a sum, and watch the answer arrive piece by piece.",
  ],
  [/^(?:thanks|thank you)\b/, "You are welcome! Is there anything else that I can show you?"],
];

/** Explanations, by a word of a question that {@link ASKS} for one. */
const EXPLANATIONS: readonly [RegExp, string][] = [
  [
    /\b(?:weather|time)\b/,
    "I cannot see the weather or a clock from in here, and I do not want to make something up. Offer me a tool in the request, for instance one called get_weather or get_time, and I will call it and use its answer. A real model does it in the same way.",
  ],
  [
    /\bstream/,
    "Streaming means that an answer is sent while it is still being written. A language model produces its text one token at a time, so there is no need to wait for the end before showing the beginning. The reader sees the first words after a fraction of a second, can stop an answer that goes the wrong way, and never stares at an empty page. The text is the same in the end; only the waiting is gone.",
  ],
  [
    /\bnode-?red\b/,
    "Node-RED is a tool for wiring things together. You build a program by dragging nodes onto a canvas and connecting them, and messages travel along the wires from node to node. It runs on anything from a Raspberry Pi to the cloud, and its library holds thousands of nodes for devices, services and databases. What makes it pleasant is that you can see your program, and watch the messages as they pass.",
  ],
  [
    /\btool call/,
    "A tool call is how a language model asks for something to be done. The request describes the tools, each with a name and a schema of its arguments. Instead of text, the model then answers with the name of a tool and the arguments as JSON. Your flow runs the tool and sends the result back, and the model uses it in its answer.",
  ],
  [
    /\bsky\b/,
    "The sky is blue because air scatters short waves of light more than long ones. Sunlight holds all colours; the blue part is thrown about in every direction on its way through the air and reaches our eyes from all over the sky. In the evening the light has a longer way to go, most of the blue is lost along it, and the sky turns red.",
  ],
  [
    /\bmars\b/,
    "Mars is the fourth planet from the sun and about half as wide as the Earth. It has 2 moons, Phobos and Deimos. Its air is thin and its nights are bitterly cold, so it is not habitable without a good deal of help.",
  ],
];
const ASKS = /\b(?:what|explain|how|describe|why|tell me|define)\b/;

export const cannedAnswers: Skill = {
  thought: "I know the answer to this by heart.",
  answer({ lower }) {
    const all = ASKS.test(lower) ? [...ANSWERS, ...EXPLANATIONS] : ANSWERS;
    return all.find(([patterns]) => [patterns].flat().every((pattern) => pattern.test(lower)))?.[1];
  },
};
