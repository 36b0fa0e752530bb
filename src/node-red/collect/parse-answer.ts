import { Failure } from "../../core/failure.js";
import { stripFence } from "../../core/json/code-fence.js";
import { isWithinDepth, parseJson } from "../../core/json/parse.js";
import { compileSchema } from "../../core/json/schema.js";
import { DEFAULT_LIMITS } from "../../core/limits.js";
import { readTurnLengths, sumLengths } from "../messages/turn-lengths.js";

/**
 * Parses an answer's JSON, with or without a code fence around it.
 * @param finishReason why the answer ended, for the error
 * @param schema the JSON Schema that the value must fit, if any
 * @throws Failure `bad_response` if the answer is not the JSON it must be, `configuration` if the schema is not valid
 */
export function parseAnswer(text: string, finishReason: unknown, schema: unknown): unknown {
  const check = schema === undefined ? undefined : compileSchema(schema);
  let value: unknown;
  try {
    value = parseJson(stripFence(text));
  } catch {
    throw new Failure(
      "bad_response",
      MESSAGES_BY_FINISH_REASON.get(finishReason) ??
        "The answer is not JSON. Ask the model for JSON in the prompt too, or set this node to text.",
    );
  }
  // Node-RED's clone of a message is recursive: a deeply nested value would overflow its stack.
  if (!isWithinDepth(value, DEFAULT_LIMITS.depth)) {
    throw new Failure("bad_response", `The answer's JSON nests deeper than ${DEFAULT_LIMITS.depth}.`);
  }
  const problem = check?.(value);
  if (problem) throw new Failure("bad_response", `The answer does not match its JSON Schema: ${problem}.`);
  return value;
}

/**
 * Reads the text of the last turn: if the model has called tools, the text before it belongs to earlier turns.
 * @param rounds `msg.rounds` of the last message, as a tool-call-router writes it
 */
export function readLastTurn(text: string, rounds: unknown): string {
  return text.slice(sumLengths(readTurnLengths(rounds).slice(0, -1)));
}

/** Why an answer is not JSON, by its finish reason. */
const MESSAGES_BY_FINISH_REASON: ReadonlyMap<unknown, string> = new Map([
  ["length", "The JSON of the answer is cut off at the token limit. Raise the limit in the chat-stream."],
  ["tool_calls", "The answer is not JSON but a tool call. Wire a tool-call-router before this node."],
  ["content_filter", "The JSON of the answer is not whole: the service refused to finish it."],
]);
