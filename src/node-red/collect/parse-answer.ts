import { Failure } from "../../core/failure.js";
import { withoutFence } from "../../core/json/code-fence.js";
import { parseJson, withinDepth } from "../../core/json/parse.js";
import { compileSchema } from "../../core/json/schema.js";
import { DEFAULT_LIMITS } from "../../core/limits.js";
import { roundLengths, sumOf } from "../messages/round-lengths.js";

/**
 * The value that an answer's JSON stands for.
 * @param finishReason why the answer ended, for the error
 * @param schema the JSON Schema that it must fit, if any
 * @throws Failure `bad_response` that says what is wrong with the answer; `configuration` where it is the schema
 */
export function parseAnswer(text: string, finishReason: unknown, schema: unknown): unknown {
  const check = schema === undefined ? undefined : compileSchema(schema);
  let value: unknown;
  try {
    value = parseJson(withoutFence(text));
  } catch {
    throw new Failure(
      "bad_response",
      REASONS_BY_FINISH.get(finishReason) ?? "The answer is not JSON, though this node is set to parse it.",
    );
  }
  // Whoever clones the message goes down as deep as the value does.
  if (!withinDepth(value, DEFAULT_LIMITS.depth)) {
    throw new Failure("bad_response", `The answer's JSON nests deeper than ${DEFAULT_LIMITS.depth}.`);
  }
  const wrong = check?.(value);
  if (wrong) throw new Failure("bad_response", `The answer does not fit its JSON Schema: ${wrong}.`);
  return value;
}

/**
 * The answer itself, where a model has called tools: what it said in the last turn.
 * @param rounds what a tool-call-router tells of the turns
 */
export function readLastTurn(text: string, rounds: unknown): string {
  return text.slice(sumOf(roundLengths(rounds).slice(0, -1)));
}

/** What an answer's end says of why it is not JSON. */
const REASONS_BY_FINISH: ReadonlyMap<unknown, string> = new Map([
  ["length", "The answer is not whole JSON: the limit of tokens cut it off. Raise that limit."],
  ["tool_calls", "The answer is no JSON but a call of tools. Wire a tool-call-router before this node."],
  ["content_filter", "The answer is not whole JSON: the service refused to give it."],
]);
