import type { Question } from "../conversation.js";
import type { ResponseFormat } from "../server/request.js";
import { fill } from "./fill-schema.js";
import { mentionsIn } from "./mentions.js";
import { schemaSpelledOut } from "./spelled-out.js";
import { sourceFrom } from "./values.js";

const SAYS_JSON_ONLY =
  /\b(?:only|just|always|must|exclusively|strictly|valid|nothing but|raw)\b[^.\n]{0,40}\bjson\b|\bjson (?:only|object only)\b|\b(?:answer|reply|respond|return|output)\b[^.\n]{0,20}\b(?:in|with|as|using) (?:a )?json\b/i;

/** Whether the answer has to be JSON though the request does not say so in a field. */
export function asksForJson(question: Question): boolean {
  return SAYS_JSON_ONLY.test(question.system) || SAYS_JSON_ONLY.test(question.text);
}

/**
 * The answer as JSON text: fitting the schema, if the request or the prompt gives one, else an object
 * with the plain answer in it.
 *
 * @param answer what the model would have said in plain text.
 * @param results texts of tool results, from which values are taken first.
 */
export function asJson(
  format: ResponseFormat,
  question: Question,
  answer: string,
  results: readonly string[],
): string {
  const schema = format.schema ?? schemaSpelledOut(`${question.text}\n${question.system}`);
  if (schema === undefined) return JSON.stringify({ answer });
  const request = withoutOrder(question.text);
  const mentions = mentionsIn([request, ...results].join("\n"));
  return JSON.stringify(fill(schema, sourceFrom({ mentions, answer, request, generous: true })) ?? null);
}

/** "Extract the event as JSON: Lunch with Ada" is about the lunch; the order itself names nothing. */
function withoutOrder(text: string): string {
  const order =
    /^[^:\n]{0,120}\b(?:extract|parse|convert|turn|json|fields|schema|classify)\b[^:\n]{0,120}:\s+/i.exec(
      text,
    )?.[0];
  return order && !order.includes('"') ? text.slice(order.length) : text;
}
