import { bounded, type ChatMessage, type Question, questionOf, quoted } from "../conversation.js";
import type { ResponseFormat } from "../server/request.js";
import { reply } from "../skills/all-skills.js";
import { dressed } from "../skills/manner.js";
import { continued, remainder, resumptions } from "./continuation.js";
import { asJson, asksForJson } from "./structured.js";
import { answerFromResults, resultsOf } from "./tool-answer.js";
import { type PlannedCall, planCalls, type ToolSettings } from "./tools.js";

/** What of a request decides about the answer. */
export interface Prompt extends ToolSettings {
  readonly messages: readonly ChatMessage[];
  readonly format: ResponseFormat | undefined;
  /** How much `demo-reasoning` thinks aloud: `none` is nothing, `high` a little more. */
  readonly effort: string | undefined;
}

/** What the model says: text, or calls of tools. */
export interface Answer {
  readonly reasoning: string;
  readonly content: string;
  readonly toolCalls: readonly PlannedCall[];
}

/** Said in a JSON answer, where the friendly regret of the plain one would only be in the way. */
const UNKNOWN = "The demo model does not know.";

/** How often a continuation may itself be a continuation, as when a stream breaks again and again. */
const MOST_RESUMPTIONS = 16;

/**
 * Answers a conversation. A pure function: the same prompt and choice give the same answer, on every
 * machine and after every restart, which is what lets a broken stream be continued word for word.
 *
 * @param choice which of the `n` choices is wanted, from 0; they differ where there is room to.
 */
export function respond(prompt: Prompt, choice = 0): Answer {
  return answered(prompt, choice, MOST_RESUMPTIONS);
}

function answered(prompt: Prompt, choice: number, resumptionsLeft: number): Answer {
  const { messages } = prompt;
  const end =
    messages.findLastIndex((message) => message.role !== "assistant" || message.toolCalls.length > 0) + 1;
  if (end < messages.length) {
    const prefix = messages
      .slice(end)
      .map((message) => message.text)
      .join("");
    const whole = answered({ ...prompt, messages: messages.slice(0, end) }, choice, resumptionsLeft);
    if (whole.toolCalls.length > 0) return { ...whole, reasoning: "" };
    return { reasoning: "", content: continued(prefix, whole.content), toolCalls: [] };
  }
  const calls = planCalls(messages, prompt);
  const question = questionOf(messages, choice);
  if (calls.length > 0) {
    const names = [...new Set(calls.map((call) => call.name))].join(" and ");
    return {
      reasoning: think(question, `There is a tool for this: ${names}. I call it.`, prompt),
      content: "",
      toolCalls: calls,
    };
  }
  return resumed(prompt, choice, resumptionsLeft) ?? said(prompt, question);
}

/** The rest of an answer that the user asks to go on with; undefined where there is no such thing. */
function resumed(prompt: Prompt, choice: number, left: number): Answer | undefined {
  if (left === 0) return undefined;
  for (const { messages, partial, guessed } of resumptions(prompt.messages)) {
    const whole = answered({ ...prompt, messages }, choice, guessed ? 0 : left - 1).content;
    const rest = whole === "" ? undefined : remainder(partial, whole);
    if (rest) return { reasoning: "", content: rest, toolCalls: [] };
  }
  return undefined;
}

function said(prompt: Prompt, question: Question): Answer {
  const { messages, format } = prompt;
  const results =
    messages.at(-1)?.role === "tool" || messages.at(-1)?.role === "function" ? resultsOf(messages) : [];
  const { text, thought, known } =
    results.length > 0
      ? {
          text: answerFromResults(messages),
          thought: "The tools have answered. I say what they found.",
          known: true,
        }
      : reply(question);
  const json = format ?? (asksForJson(question) ? { schema: undefined } : undefined);
  const content = json
    ? asJson(
        json,
        question,
        known ? text : UNKNOWN,
        results.map((result) => bounded(result.text)),
      )
    : dressed(text, question.system, question.text);
  return { reasoning: think(question, thought, prompt), content, toolCalls: [] };
}

function think(question: Question, thought: string, { effort, format }: Prompt): string {
  if (effort === "none") return "";
  if (effort === "minimal" || effort === "low") return thought;
  const steps = [`The user says ${quoted(question.text, 80)}.`, thought];
  if (question.system) steps.push("The system prompt tells me how to answer, so I keep to it.");
  if (format) steps.push("The answer has to be JSON and nothing else.");
  if (question.history.some((message) => message.role === "user")) {
    steps.push("I also keep in mind what was said before.");
  }
  if (effort === "high" || effort === "xhigh" || effort === "max") {
    steps.push(
      "Let me read the question once more. I have not overlooked anything.",
      "Is there a simpler way to say it? No, this will do.",
    );
  }
  steps.push("Now I can answer.");
  return steps.join(" ");
}
