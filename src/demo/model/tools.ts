import { isFields } from "../json.js";
import type { DemoCall, DemoMessage, DemoTool, DemoToolSettings } from "../prompt.js";
import { cutLongText } from "../question.js";
import { evaluateExpression, findExpression } from "../skills/arithmetic.js";
import { fillSchema } from "./fill-schema.js";
import { findKeywords, toSnakeCase } from "./keywords.js";
import { findMentions, type Mentions } from "./mentions.js";
import { PromptValues } from "./values.js";

/** Calls in one turn. */
const MAX_CALLS = 16;

/** How well a question must fit a tool: by a word of its name, or by two of its description. */
const MIN_FIT = 2;
const FIT_OF_NAME = 3;
const FIT_OF_SUM = 4;

/** A question with these words makes the model call tools without end, to try out a limit of rounds. */
const ENDLESS = /\b(?:over and over|again and again|forever|never stop)\b/i;

/**
 * Plans the next tool calls for the last question: all at once, or one a turn if parallel calls are off. No call is
 * made twice.
 *
 * @returns an empty list if the model should answer in text
 */
export function planToolCalls(messages: readonly DemoMessage[], settings: DemoToolSettings): DemoCall[] {
  const { tools, choice, parallel } = settings;
  if (tools.length === 0 || choice === "none") return [];
  const last = messages.findLastIndex(({ role }) => role === "user");
  const text = cutLongText(messages[last]?.text ?? "");
  const made = messages.slice(last + 1).flatMap(({ toolCalls }) => toolCalls);
  const isEndless = ENDLESS.test(text);
  // The first turn made every parallel call. A forced choice forces only the first turn, or it would never end.
  if (made.length > 0 && parallel && !isEndless) return [];
  const fitting = planFittingCalls(text, tools);
  const planned = made.length > 0 ? fitting : obeyChoice(fitting, text, settings);
  const done = new Set(isEndless ? [] : made.map(buildKey));
  return planned.filter((call) => !done.has(buildKey(call))).slice(0, parallel ? MAX_CALLS : 1);
}

function buildKey(call: DemoCall): string {
  return `${call.name} ${call.arguments.replace(/\s+/g, "")}`;
}

function obeyChoice(fitting: DemoCall[], text: string, { tools, choice }: DemoToolSettings): DemoCall[] {
  if (choice === "required") return fitting.length > 0 ? fitting : buildCalls(tools[0]!, text);
  if (typeof choice === "string") return fitting;
  return tools.filter(({ name }) => name === choice.name).flatMap((tool) => buildCalls(tool, text));
}

function planFittingCalls(text: string, tools: readonly DemoTool[]): DemoCall[] {
  const calls = new Map<string, DemoCall>();
  let last: DemoTool | undefined;
  for (const clause of splitClauses(text)) {
    // "What is the weather in Paris? And in London?": the second question is for the same tool.
    const isSequel = /^(?:and|also|then|what about|how about)\b/i.test(clause);
    const tool = chooseTool(clause, tools) ?? (isSequel ? last : undefined);
    if (!tool) continue;
    last = tool;
    for (const call of buildCalls(tool, clause)) calls.set(buildKey(call), call);
  }
  return [...calls.values()];
}

/** The parts of a question that may each be for another tool. */
function splitClauses(text: string): string[] {
  const ends =
    /[?!;\n]|\.\s|,?\s(?=and (?:what|how|when|where|which|who|then|tell|give|get|show|turn|is|the)\b)/i;
  return text
    .split(ends)
    .map((clause) => clause.trim())
    .filter(Boolean);
}

function chooseTool(clause: string, tools: readonly DemoTool[]): DemoTool | undefined {
  const words = findKeywords(clause);
  const isSum = evaluateExpression(findExpression(clause) ?? "?") !== undefined;
  const fits = tools.map((tool) => measureFit(tool, words, isSum));
  const best = Math.max(...fits);
  return best < MIN_FIT ? undefined : tools[fits.indexOf(best)];
}

function measureFit({ name, description }: DemoTool, words: readonly string[], isSum: boolean): number {
  const inName = findKeywords(name);
  const inDescription = findKeywords(cutLongText(description));
  const start = isSum && [...inName, ...inDescription].includes("sum") ? FIT_OF_SUM : 0;
  return words.reduce((fit, word) => {
    if (inName.includes(word)) return fit + FIT_OF_NAME;
    return inDescription.includes(word) ? fit + 1 : fit;
  }, start);
}

/** One call, or one for each place if an argument holds only one of them. */
function buildCalls(tool: DemoTool, clause: string): DemoCall[] {
  const mentions = findMentions(clause);
  const places = mentions.places.length > 0 ? mentions.places : mentions.names;
  if (places.length < 2 || !takesOnePlace(tool)) return [buildCall(tool, mentions)];
  return places.map((place) => buildCall(tool, { ...mentions, names: [place], places: [place] }));
}

function buildCall({ name, parameters }: DemoTool, mentions: Mentions): DemoCall {
  const filled = fillSchema({ type: "object", ...parameters }, new PromptValues(mentions, false));
  return { name, arguments: JSON.stringify(filled) };
}

/** Whether a call is about one place. A journey from Paris to London is one call about two. */
function takesOnePlace({ parameters }: DemoTool): boolean {
  const properties = isFields(parameters?.["properties"]) ? parameters["properties"] : {};
  const texts = Object.entries(properties).filter(
    ([, schema]) => isFields(schema) && schema["type"] === "string",
  );
  const keys = texts.map(([name]) => toSnakeCase(name));
  const isJourney = keys.some((key) => /^(?:from|to|origin|destination)/.test(key));
  return !isJourney && keys.some((key) => /city|town|place|location|country|timezone/.test(key));
}
