import type { DemoCall, DemoPrompt } from "../prompt.js";
import { buildQuestion, type Question } from "../question.js";
import { answerQuestion } from "../skills/all-skills.js";
import { applyStyle } from "../skills/answer-style.js";
import { quoteText } from "../words.js";
import { findContinuations, findRest } from "./continuation.js";
import { asksForJson, buildJsonAnswer } from "./structured.js";
import { answerFromResults, findResults } from "./tool-answer.js";
import { planToolCalls } from "./tools.js";

/** What the model says: text, or calls of tools. */
export interface DemoAnswer {
  readonly reasoning: string;
  readonly content: string;
  readonly toolCalls: readonly DemoCall[];
}

const MAX_CONTINUATIONS = 16;

/**
 * Answers a conversation. The same prompt and choice always give the same answer, on every machine: this lets a
 * broken answer be continued word for word.
 *
 * @param choice which of the `n` choices is wanted, from 0
 * @param continuationsLeft how often the answer that is continued may be a continuation itself
 */
export function respond(prompt: DemoPrompt, choice = 0, continuationsLeft = MAX_CONTINUATIONS): DemoAnswer {
  const { messages } = prompt;
  const end =
    messages.findLastIndex(({ role, toolCalls }) => role !== "assistant" || toolCalls.length > 0) + 1;
  if (end < messages.length) return continuePrefill(prompt, end, choice, continuationsLeft);
  const question = buildQuestion(messages, choice);
  const toolCalls = planToolCalls(messages, prompt);
  if (toolCalls.length > 0) {
    const names = [...new Set(toolCalls.map(({ name }) => name))].join(" and ");
    const reasoning = buildReasoning(question, `There is a tool for this: ${names}. I call it.`, prompt);
    return { reasoning, content: "", toolCalls };
  }
  return continueOnRequest(prompt, choice, continuationsLeft) ?? answerInText(prompt, question);
}

/** Continues an answer that the last assistant messages begin. */
function continuePrefill(prompt: DemoPrompt, end: number, choice: number, left: number): DemoAnswer {
  const begun = prompt.messages
    .slice(end)
    .map(({ text }) => text)
    .join("");
  const whole = respond({ ...prompt, messages: prompt.messages.slice(0, end) }, choice, left);
  if (whole.toolCalls.length > 0) return { ...whole, reasoning: "" };
  // If the words are not the model's own, its answer follows them, as a real model would go on from them.
  const content = findRest(begun, whole.content) ?? (/\s$/.test(begun) ? "" : " ") + whole.content;
  return { reasoning: "", content, toolCalls: [] };
}

/** Continues an answer that the user asks to go on with; undefined if there is no such request. */
function continueOnRequest(prompt: DemoPrompt, choice: number, left: number): DemoAnswer | undefined {
  if (left === 0) return undefined;
  for (const { messages, isGuess, findContinuation } of findContinuations(prompt.messages)) {
    const whole = respond({ ...prompt, messages }, choice, isGuess ? 0 : left - 1).content;
    const content = findContinuation(whole);
    if (content) return { reasoning: "", content, toolCalls: [] };
  }
  return undefined;
}

function answerInText(prompt: DemoPrompt, question: Question): DemoAnswer {
  const results = findResults(prompt.messages);
  const { text, thought, isKnown } =
    results.length > 0 ? answerFromResults(results, prompt.messages) : answerQuestion(question);
  const answer = isKnown ? text : "The demo model does not know.";
  const content =
    prompt.format || asksForJson(question)
      ? buildJsonAnswer(prompt.format?.schema, question, answer, results)
      : applyStyle(text, question);
  return { reasoning: buildReasoning(question, thought, prompt), content, toolCalls: [] };
}

function buildReasoning(question: Question, thought: string, { effort, format }: DemoPrompt): string {
  if (effort === "none") return "";
  if (effort === "minimal" || effort === "low") return thought;
  const steps = [`The user says ${quoteText(question.text, 80)}.`, thought];
  if (format) steps.push("The answer has to be JSON and nothing else.");
  if (effort === "high") steps.push("Let me read the question once more. I have not overlooked anything.");
  return [...steps, "Now I can answer."].join(" ");
}
