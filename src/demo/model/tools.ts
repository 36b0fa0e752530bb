import { evaluate, expressionIn } from "../arithmetic.js";
import { bounded, type CallMade, type ChatMessage } from "../conversation.js";
import { isFields } from "../json.js";
import type { Tool, ToolChoice } from "../server/request.js";
import { fill } from "./fill-schema.js";
import { keywords, type Mentions, mentionsIn } from "./mentions.js";
import { snake, sourceFrom } from "./values.js";

/** A function call that the model makes. */
export interface PlannedCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface ToolSettings {
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  /** `parallel_tool_calls`: whether one turn may make several calls. */
  readonly parallel: boolean;
}

/** Calls in one turn at most. */
const MOST_CALLS = 16;

/** How well words must fit: a word of the tool's name, or two of its description. */
const SUITABLE = 2;

/** Words that mean a tool though its author used another. */
const KINDRED: readonly (readonly string[])[] = [
  [
    "weather",
    "temperature",
    "forecast",
    "rain",
    "rainy",
    "raining",
    "umbrella",
    "sunny",
    "snow",
    "warm",
    "cold",
    "hot",
    "degree",
    "wind",
  ],
  ["time", "clock", "hour", "date", "today"],
  ["calculate", "calculator", "compute", "math", "arithmetic", "sum", "multiply", "add", "evaluate"],
  ["search", "lookup", "web", "google", "browse"],
  ["light", "lamp", "bulb"],
  ["stock", "price", "share", "quote"],
  ["mail", "email", "message"],
];

/** Whoever asks for this gets a model that never stops calling: the way to try a limit of rounds. */
const ENDLESS = /\b(?:over and over|again and again|endlessly|forever|without end|never stop)\b/i;

/**
 * The calls that come next for the last question of the user, if it fits a tool: all of them at once,
 * or one after the other where parallel calls are off. None is made twice.
 */
export function planCalls(messages: readonly ChatMessage[], settings: ToolSettings): PlannedCall[] {
  const { tools, choice, parallel } = settings;
  if (tools.length === 0 || choice === "none") return [];
  const at = messages.findLastIndex((message) => message.role === "user");
  const text = bounded(messages[at]?.text ?? "");
  const made = messages.slice(at + 1).flatMap((message) => message.toolCalls);
  // A forced choice forces the first turn; obeyed in the turns after it as well it would never end.
  const planned =
    choice === "auto" || made.length > 0 ? fittingCalls(text, tools) : forcedCalls(text, tools, choice);
  const open =
    made.length > 0 && ENDLESS.test(text)
      ? planned
      : planned.filter((call) => !made.some((one) => same(one, call)));
  // With parallel calls every call of the question was in the first turn; what differs now was never asked for.
  if (made.length > 0 && parallel && !ENDLESS.test(text)) return [];
  return open.slice(0, parallel ? MOST_CALLS : 1);
}

function same(made: CallMade, planned: PlannedCall): boolean {
  return (
    made.name === planned.name && made.arguments.replace(/\s+/g, "") === planned.arguments.replace(/\s+/g, "")
  );
}

function fittingCalls(text: string, tools: readonly Tool[]): PlannedCall[] {
  const calls: PlannedCall[] = [];
  let last: Tool | undefined;
  for (const clause of clauses(text)) {
    const best = bestTool(clause, tools);
    // "What is the weather in Paris? And in London?": the second question goes on with the first one's tool.
    const tool = best ?? (/^(?:and|also|then|what about|how about)\b/i.test(clause) ? last : undefined);
    if (!tool) continue;
    last = tool;
    calls.push(...callsOf(tool, clause));
  }
  return unique(calls).slice(0, MOST_CALLS);
}

function forcedCalls(text: string, tools: readonly Tool[], choice: ToolChoice): PlannedCall[] {
  if (choice === "required") {
    const fitting = fittingCalls(text, tools);
    return fitting.length > 0 ? fitting : callsOf(tools[0]!, text);
  }
  const tool = typeof choice === "object" ? tools.find((one) => one.name === choice.name) : undefined;
  return tool ? callsOf(tool, text) : [];
}

function unique(calls: readonly PlannedCall[]): PlannedCall[] {
  return calls.filter(
    (call, at) => calls.findIndex((one) => one.name === call.name && one.arguments === call.arguments) === at,
  );
}

/** Parts of a question that may each be for another tool. */
function clauses(text: string): string[] {
  return text
    .split(
      /[?!;\n]+\s*|\.\s+|,?\s+(?=and (?:what|how|when|where|which|who|also|then|tell|give|get|find|show|turn|set|is|will|the (?:time|weather|temperature|price))\b)/i,
    )
    .map((clause) => clause.trim())
    .filter(Boolean);
}

function bestTool(clause: string, tools: readonly Tool[]): Tool | undefined {
  const words = keywords(clause);
  const sum = expressionIn(clause);
  let best: Tool | undefined;
  let most = SUITABLE - 1;
  for (const tool of tools) {
    const score = suitability(tool, words, sum !== undefined && evaluate(sum) !== undefined);
    if (score > most) [best, most] = [tool, score];
  }
  return best;
}

function suitability(tool: Tool, words: readonly string[], isSum: boolean): number {
  const named = keywords(tool.name);
  const described = keywords(bounded(tool.description));
  let score = isSum && [...named, ...described].some((word) => kindred(word, "calculate")) ? 4 : 0;
  for (const word of words) {
    if (named.includes(word)) score += 3;
    else if (named.some((one) => kindred(one, word))) score += 2;
    else if (described.includes(word)) score += 1;
  }
  return score;
}

function kindred(a: string, b: string): boolean {
  return KINDRED.some((family) => family.includes(a) && family.includes(b));
}

/** One call, or one for each of the things that the question names where an argument holds only one of them. */
function callsOf(tool: Tool, clause: string): PlannedCall[] {
  const mentions = mentionsIn(clause);
  const single = singleArgument(tool);
  const things = single === undefined ? [] : thingsFor(single, mentions);
  if (things.length < 2) return [call(tool, clause, mentions)];
  return things.slice(0, MOST_CALLS).map((thing) => {
    const only = mentions.places.includes(thing)
      ? { places: [thing], people: mentions.people }
      : { places: [], people: [thing] };
    return call(tool, clause, { ...mentions, names: [thing], ...only });
  });
}

function call(tool: Tool, clause: string, mentions: Mentions): PlannedCall {
  const source = sourceFrom({ mentions, answer: clause, request: clause, generous: false });
  const made = fill(tool.parameters ?? { type: "object" }, source);
  return { name: tool.name, arguments: JSON.stringify(made ?? {}) };
}

/** The argument over which a question fans out: a lone text that names a place or somebody. */
function singleArgument(tool: Tool): string | undefined {
  const properties = tool.parameters?.["properties"];
  if (!isFields(properties)) return undefined;
  const texts = Object.entries(properties)
    .filter(([, schema]) => isFields(schema) && schema["type"] === "string" && !Array.isArray(schema["enum"]))
    .map(([key]) => snake(key));
  // A journey from Paris to London is one call, not two.
  if (texts.some((key) => /^(?:from|to|origin|destination)/.test(key))) return undefined;
  return texts.find((key) =>
    /city|town|place|location|country|name|person|user|symbol|company|timezone/.test(key),
  );
}

function thingsFor(key: string, { places, names }: Mentions): readonly string[] {
  return /city|town|place|location|country|timezone/.test(key) && places.length > 0 ? places : names;
}
