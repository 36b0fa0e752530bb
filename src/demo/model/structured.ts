import type { DemoFields } from "../json.js";
import type { DemoMessage } from "../prompt.js";
import { cutLongText, type Question } from "../question.js";
import { fillSchema } from "./fill-schema.js";
import { findMentions } from "./mentions.js";
import { buildSchemaFromPrompt } from "./schema-from-prompt.js";
import { PromptValues } from "./values.js";

const ASKS_FOR_JSON =
  /\b(?:only|just|always|must|strictly|valid)\b[^.\n]{0,40}\bjson\b|\b(?:answer|reply|respond|return|output)\b[^.\n]{0,20}\b(?:in|with|as|using) (?:a )?json\b/i;

/** Whether the prompt asks for JSON in words; the request may not say so in a field. */
export function asksForJson({ system, text }: Question): boolean {
  return ASKS_FOR_JSON.test(system) || ASKS_FOR_JSON.test(text);
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
  const instruction = /^[^:"\n]{0,120}\b(?:extract|parse|convert|json|classify)\b[^:"\n]{0,120}:\s+/i.exec(
    text,
  );
  return text.slice(instruction?.[0].length ?? 0);
}
