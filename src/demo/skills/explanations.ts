import type { Skill } from "../conversation.js";

/** What the model can explain: the words that a newcomer to streaming in Node-RED stumbles over. */
const TOPICS: readonly [RegExp, string][] = [
  [
    /\bback-?pressure\b/,
    "Backpressure is how a slow reader tells a fast writer to wait. When the reader's buffer is full, the writer pauses, and it goes on once there is room again. Without it, whatever has been written but not yet read piles up in memory. HTTP has it, message queues have it; between the nodes of a flow there is none, so a flow that is slower than its stream should gather several chunks into one message.",
  ],
  [
    /\b(?:server[- ]sent events?|sse)\b/,
    "Server-sent events are the simplest way to stream text over HTTP. The server leaves the response open and writes small records, each beginning with “data:” and ending with an empty line. The client reads them as they come, with no polling and no second connection. Chat services use them for their answers: one record per chunk, and a last one that says “[DONE]”.",
  ],
  [
    /\bweb ?sockets?\b/,
    "A WebSocket is a connection between a browser and a server that stays open, and over which both sides may speak at any time. It begins life as an ordinary HTTP request and is then upgraded. In Node-RED the core websocket nodes make one, which is an easy way to bring a streamed answer into a web page.",
  ],
  [
    /\bmqtt\b/,
    "MQTT is a light protocol for sending messages through a broker. Devices publish to a topic, and everyone who has subscribed to that topic receives the message. It was made for slow and unreliable networks, which is why so many sensors speak it, and why Node-RED has nodes for it.",
  ],
  [
    /\b(?:tool|function)[- ]?(?:calls?|calling|use)\b/,
    "A tool call is how a language model asks for something to be done. The request describes the tools, each with a name and a schema of its arguments. Instead of text, the model then answers with the name of a tool and the arguments as JSON. Your program runs the tool, sends the result back, and the model carries on with it. The model itself never runs anything.",
  ],
  [
    /\b(?:retry|retries|retrying|backoff)\b/,
    "To retry is to ask again after something has failed. It makes sense where the failure is likely to pass: a busy server, a rate limit, a broken connection. A good client waits a little longer after each attempt, adds some chance to the delay so that clients do not all return at the same moment, and gives up after a while. A wrong key or a malformed request should not be tried again, for it will only fail again.",
  ],
  [
    /\b(?:rate limit|429)/,
    "A rate limit is the number of requests, or tokens, that a service accepts in a given time. Whoever asks more often gets the status 429, usually with a header that says how many seconds to wait. The polite answer is to wait exactly that long. To see one without spending money, choose the model demo:fault=429&times=2&retry-after=1.",
  ],
  [
    /\btemperature\b/,
    "The temperature says how freely a language model chooses its next token. At 0 it takes the likeliest one every time, so that answers are steady and a little dry. Near 1 it takes a less likely one now and then, which makes the text livelier and less predictable. I have no such freedom: I give the same answer to the same question at any temperature.",
  ],
  [
    /\btokens?\b/,
    "A token is the unit in which a language model reads and writes: a short word, a part of a longer one, or a punctuation mark. In English, 100 tokens are about 75 words. Services count them, limit them and charge for them, and a streamed answer usually brings one or a few in each chunk.",
  ],
  [
    /\b(?:stream(?:ing|ed|s)?)\b/,
    "Streaming means that an answer is sent while it is still being written. A language model produces its text one token at a time, so there is no need to wait for the end before showing the beginning. The reader sees the first words after a fraction of a second, can stop an answer that goes the wrong way, and never stares at an empty page. The text is the same in the end; only the waiting is gone.",
  ],
  [
    /\b(?:context window|context length)\b/,
    "The context window is how much text a model can look at in one go, measured in tokens. It holds the system prompt, the conversation so far, the question and the answer too. When a conversation outgrows it, the service refuses the request, and something has to be left out or summed up.",
  ],
  [
    /\b(?:system prompt|system message)\b/,
    "A system prompt is a message that stands before the conversation and tells the model how to behave: who it is, how long its answers may be, in which form they should come. The user does not write it; the author of the flow does. Try me with “Answer in one sentence.” or “Talk like a pirate.”",
  ],
  [
    /\bnode[- ]?red\b/,
    "Node-RED is a tool for wiring things together. You build a program by dragging nodes onto a canvas and connecting them, and messages travel along the wires from node to node. It runs on anything from a Raspberry Pi to the cloud, and its library holds thousands of nodes for devices, services and databases. What makes it pleasant is that you can see your program, and watch the messages as they pass.",
  ],
  [
    /\bflows?\b/,
    "A flow is a program in Node-RED: a group of nodes and the wires between them. A message starts at one node, for instance when a button is pressed or a request arrives, and each node that it reaches may read it, change it, hold it back or send it on. One tab of the editor holds one flow.",
  ],
  [
    /\bjson\b/,
    'JSON is a way to write data as text. It knows objects with named values, lists, strings, numbers, true, false and null, and nothing else, which is why nearly every programming language can read it. Here is a small example: {"name": "Ada", "languages": ["English", "French"]}.',
  ],
  [
    /\bapi\b/,
    "An API is the agreement by which one program may ask another for something: which requests there are, what they must contain and what comes back. A chat service's API, for example, takes a list of messages and returns the next one. Whoever keeps to the agreement can be replaced by someone else who keeps to it, and that is how I can stand in for a real service.",
  ],
  [
    /\bapi key|\bkeys?\b/,
    "An API key is a long random string that tells a service who is asking. It is a password in all but name: whoever has it can spend your money, so it belongs among a node's credentials and never in a flow file, a message or a log. I need none.",
  ],
  [
    /\b(?:large language models?|language models?|llms?)\b/,
    "A language model is a program that has learned from a great deal of text which word is likely to come next. Asked a question, it writes an answer one token at a time, each chosen in the light of everything before it. It can sound certain and be wrong all the same, so whatever matters should be checked. I only imitate one: every sentence of mine was written by a person beforehand.",
  ],
  [
    /\b(?:sky blue|blue sky|is the sky)\b/,
    "The sky is blue because air scatters short waves of light more than long ones. Sunlight holds all colours; the blue part is thrown about in every direction on its way through the air and reaches our eyes from all over the sky. In the evening the light has a longer way to go, most of the blue is lost along it, and the sky turns red.",
  ],
  [
    /\brainbows?\b/,
    "A rainbow is sunlight that has been into a raindrop and out again. The drop bends each colour by a slightly different angle, reflects it at its back and so fans the white light out. You see it with the sun behind you and the rain before you, and no two people ever see quite the same one.",
  ],
];

const CUE =
  /\b(?:what(?:'s| is| are| does| do)|explain|how (?:does|do|is|are)|how [\w -]{1,40} works?|describe|why (?:is|are|do|does|should|would)|tell me (?:about|what|more)|define|meaning of|difference)\b/;

export const explanations: Skill = {
  thought:
    "They want something explained. I begin with what it is, then say how it works and why it matters.",
  answer({ lower }) {
    if (!CUE.test(lower)) return undefined;
    return TOPICS.find(([pattern]) => pattern.test(lower))?.[1];
  },
};

const CAPITALS: Readonly<Record<string, string>> = {
  argentina: "Buenos Aires",
  australia: "Canberra",
  austria: "Vienna",
  belgium: "Brussels",
  brazil: "Brasília",
  canada: "Ottawa",
  china: "Beijing",
  denmark: "Copenhagen",
  egypt: "Cairo",
  england: "London",
  finland: "Helsinki",
  france: "Paris",
  germany: "Berlin",
  greece: "Athens",
  india: "New Delhi",
  ireland: "Dublin",
  italy: "Rome",
  japan: "Tokyo",
  kenya: "Nairobi",
  mexico: "Mexico City",
  norway: "Oslo",
  poland: "Warsaw",
  portugal: "Lisbon",
  spain: "Madrid",
  sweden: "Stockholm",
  switzerland: "Bern",
  "united states": "Washington, D.C.",
};

export const capitals: Skill = {
  thought: "This is a question about a capital city. I look it up in what I know by heart.",
  answer({ lower }) {
    const found = /\bcapital(?: city)? of (the )?([a-z ]+?)\s*(?:[?.!,]|$)/.exec(lower);
    if (!found) return undefined;
    const [, article = "", country = ""] = found;
    const name = article + country.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
    const capital = CAPITALS[country];
    if (capital === undefined)
      return `I know only some capitals by heart, and that of ${name} is not among them.`;
    return `The capital of ${name} is ${capital}${capital.endsWith(".") ? "" : "."}`;
  },
};
