import type { Skill } from "../question.js";

/** The explanations that the demo model knows, by a word of the question. */
const TOPICS: readonly [RegExp, string][] = [
  [
    /\bweather\b|\bwhat time\b/,
    "I cannot see the weather or a clock from in here, and I do not want to make something up. Offer me a tool in the request, for instance one called get_weather or get_time, and I will call it and use its answer. A real model does it in the same way.",
  ],
  [
    /\bstream(?:ing|s|ed)?\b/,
    "Streaming means that an answer is sent while it is still being written. A language model produces its text one token at a time, so there is no need to wait for the end before showing the beginning. The reader sees the first words after a fraction of a second, can stop an answer that goes the wrong way, and never stares at an empty page. The text is the same in the end; only the waiting is gone.",
  ],
  [
    /\bnode-?red\b/,
    "Node-RED is a tool for wiring things together. You build a program by dragging nodes onto a canvas and connecting them, and messages travel along the wires from node to node. It runs on anything from a Raspberry Pi to the cloud, and its library holds thousands of nodes for devices, services and databases. What makes it pleasant is that you can see your program, and watch the messages as they pass.",
  ],
  [
    /\b(?:tool|function) calls?\b|\btool calling\b/,
    "A tool call is how a language model asks for something to be done. The request describes the tools, each with a name and a schema of its arguments. Instead of text, the model then answers with the name of a tool and the arguments as JSON. Your flow runs the tool and sends the result back, and the model uses it in its answer.",
  ],
  [
    /\btokens?\b/,
    "A token is the unit in which a language model reads and writes: a short word, a part of a longer one, or a punctuation mark. Services count and charge tokens, and a stream usually brings one or a few of them in each chunk.",
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

const ASKS = /\b(?:what(?:'s|’s)?|explain|how|describe|why|tell me|define)\b/;

export const topics: Skill = {
  thought: "They want something explained. I say what it is first, and then how it works.",
  answer({ lower }) {
    return ASKS.test(lower) ? TOPICS.find(([pattern]) => pattern.test(lower))?.[1] : undefined;
  },
};
