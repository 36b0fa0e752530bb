import { pick, type Skill } from "../conversation.js";

/** Small talk: greetings, thanks, and questions about the demo model itself. */

const GREETINGS = [
  "Hello! I am the demo model of this package. Ask me for a story, a haiku, a list or a sum, and watch the answer arrive piece by piece.",
  "Hi there! It is good to hear from you. I can tell stories, count, calculate and explain a few things, one chunk at a time. What would you like to see?",
  "Hello and welcome! I am a small demo model that runs on your own machine. Try “tell me a story about a lighthouse”, or ask me what streaming is.",
];

const ABILITIES = [
  "I am a small script rather than a language model, but I can show every feature of this package. You can ask me to:",
  "",
  "- tell a story, a haiku, a poem or a joke about anything you like",
  "- count to any number, or work out a sum such as 12 * 7",
  "- list planets, fruits, European cities and more",
  "- explain what streaming, Node-RED, tokens or tool calls are",
  "- write a little JavaScript",
  "- repeat or summarise a text, or translate a few stock phrases",
  "- remember what you told me earlier in the conversation",
  "- call the tools that a request offers, and answer in JSON",
  "",
  "Choose the model demo-reasoning to see me think first, or a model such as demo:fault=drop&after=12 to see things go wrong on purpose.",
].join("\n");

/** The name that a system prompt gives the assistant: "You are Bolt", "your name is Bolt". */
function givenName(system: string): string | undefined {
  return (
    /\b(?:your name is|you are called|you are named|(?:assistant|bot|robot|model|helper) (?:named|called))\s+["“]?(\p{L}[\p{L}\p{N}'’-]{0,30})/iu.exec(
      system,
    )?.[1] ?? /\bYou are (\p{Lu}[\p{L}\p{N}'’-]{1,30})(?=[,.]|$)/u.exec(system)?.[1]
  );
}

export const identity: Skill = {
  thought: "This is about myself. I should be honest about what I am.",
  answer({ lower, system }) {
    if (
      !/\b(?:who are you|what are you|what is your name|what's your name|your name\?|introduce yourself)/.test(
        lower,
      )
    ) {
      return undefined;
    }
    const name = givenName(system);
    const opening = name ? `My name is ${name}.` : "I am the demo model of this package.";
    return `${opening} I am a small script that runs on your own machine and speaks the same protocol as a real service, so that a flow can be built and tested with no account. When you want real answers, choose another provider; nothing else in the flow has to change.`;
  },
};

export const abilities: Skill = {
  thought: "They want to know what I can do. A list is the clearest answer.",
  answer({ lower }) {
    return /^(?:help|\?)[.!]?$|\bwhat (?:can|could) (?:you|i) (?:do|ask)\b|\bhow can you help\b|\bwhat are you able to\b/.test(
      lower,
    )
      ? ABILITIES
      : undefined;
  },
};

const JOKES = [
  "Why did the token leave the stream? It had reached its limit.",
  "A flow walks into a bar and orders one beer per second. The barman says: “You really ought to use a delay node.”",
  "There are only two hard things in streaming: knowing when it is over, knowing when it is over, and counting.",
  "How many nodes does it take to change a light bulb? One to change it, and one debug node to see whether anything happened.",
];

export const joke: Skill = {
  thought: "They would like a joke. Short is best.",
  answer({ lower, salt }) {
    return /\bjokes?\b|\bmake me laugh\b|\bsomething funny\b/.test(lower) ? pick(JOKES, salt) : undefined;
  },
};

export const smallTalk: Skill = {
  thought: "This is small talk. A short, friendly answer will do.",
  answer({ lower, salt }) {
    if (/\bhow are you\b|\bhow(?:'s| is) it going\b|\bhow do you do\b/.test(lower)) {
      return "I am well, thank you! All my chunks are in order and my buffers are empty. How can I help you today?";
    }
    if (/^(?:many )?thank(?:s| you)\b|^cheers\b|\bthanks a lot\b/.test(lower)) {
      return pick(
        [
          "You are welcome! Is there anything else I can do for you?",
          "My pleasure! Ask again whenever you like.",
        ],
        salt,
      );
    }
    if (/^(?:good ?bye|bye|see you|farewell|good night)\b/.test(lower)) {
      return "Goodbye! It was a pleasure to stream for you.";
    }
    if (/^(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings|howdy|hallo)\b/.test(lower)) {
      return pick(GREETINGS, salt);
    }
    return /^(?:this is (?:only )?a |just )?(?:test|testing|ping)\b[\s\d.!?]*$/.test(lower)
      ? "The test has arrived, and so has this answer: everything between your flow and the demo server works."
      : undefined;
  },
};

/** Questions about the present, which a pure function of the conversation cannot know. */
export const present: Skill = {
  thought: "That depends on the present moment, which I cannot see. I should say so and point to a tool.",
  answer({ lower }) {
    const asksTime =
      /\bwhat(?:'s| is) the (?:time|date)\b|\bwhat time is it\b|\bwhat day is (?:it|today)\b|\btoday's date\b/.test(
        lower,
      );
    const asksWeather = /\bweather\b|\bforecast\b|\bhow (?:warm|cold|hot) is it\b/.test(lower);
    if (!asksTime && !asksWeather) return undefined;
    const [sense, tool] = asksWeather ? ["the weather", "get_weather"] : ["a clock", "get_time"];
    return `I cannot see ${sense} from in here, and I would rather not make something up. Offer me a tool for it in the request, say one called ${tool}, and I will call it and use its answer. That is how a real model would do it too.`;
  },
};
