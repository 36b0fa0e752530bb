import type { DemoFields } from "../json.js";
import type { DemoMessage } from "../prompt.js";
import { cutLongText, type Question } from "../question.js";
import { fillSchema } from "./fill-schema.js";
import { findMentions } from "./mentions.js";
import { buildSchemaFromPrompt } from "./schema-from-prompt.js";
import { PromptValues } from "./values.js";

/** How much of a sentence before the word "JSON" is read. */
const MAX_BEFORE_CHARS = 50;
const DEMANDS = /\b(?:only|just|always|must|strictly|valid)\b/i;
const ANSWERS = /\b(?:answer|reply|respond|return|output)\b/i;
const IN_THE_FORM_OF = /\b(?:in|with|as|using) (?:a )?$/i;

const MAX_INSTRUCTION_CHARS = 250;

/** Whether the prompt asks for JSON in words; the request may not say so in a field. */
export function asksForJson({ system, text }: Question): boolean {
  return [system, text].some((prompt) =>
    [...prompt.matchAll(/\bjson\b/gi)].some(({ index }) => {
      const sentence = prompt
        .slice(Math.max(0, index - MAX_BEFORE_CHARS), index)
        .split(/[.\n]/)
        .at(-1)!;
      return DEMANDS.test(sentence) || (ANSWERS.test(sentence) && IN_THE_FORM_OF.test(sentence));
    }),
  );
}

/**
 * The answer as JSON text that fits the schema. Without a schema it has the keys that the prompt names, else the key
 * `answer`.
 *
 * @param answer the answer in plain text
 */
export function buildJsonAnswer(
  schema: DemoFields | undefined,
  question: Question,
  answer: string,
  results: readonly DemoMessage[],
): string {
  const wanted = schema ?? buildSchemaFromPrompt(`${question.text}\n${question.system}`);
  if (!wanted) return JSON.stringify({ answer });
  const found = results.map(({ text }) => cutLongText(text));
  const mentions = findMentions([removeInstruction(question.text), ...found].join("\n"));
  const values = new PromptValues(mentions, true, answer);
  return JSON.stringify(fillSchema(wanted, values) ?? null);
}

/** "Extract the event as JSON: lunch with Ada" is about the lunch; the instruction holds no values. */
function removeInstruction(text: string): string {
  const colon = text.indexOf(":");
  const head = text.slice(0, Math.max(0, colon));
  const isInstruction =
    head.length <= MAX_INSTRUCTION_CHARS &&
    !/["\n]/.test(head) &&
    /\b(?:extract|parse|convert|json|classify)\b/i.test(head) &&
    /\s/.test(text[colon + 1] ?? "");
  return isInstruction ? text.slice(colon + 1).trimStart() : text;
}
