/** A tool call whose arguments arrive in small fragments: the records that the server sends, and the text to expect. */
import { createDeltaRecord, deltas } from "./corpus.mjs";

/** Length of a fragment of the arguments, in characters. */
export const FRAGMENT_CHARS = 4;

/** The only tool that is offered to the model, in the form of Chat Completions. */
export const TOOL = {
  type: "function",
  function: {
    name: "write_lines",
    description: "Writes lines of text to a file.",
    parameters: {
      type: "object",
      properties: { lines: { type: "array", items: { type: "string" } } },
      required: ["lines"],
      additionalProperties: false,
    },
  },
};

const WORDS = deltas.filter((delta) => /^ [a-z]+$/.test(delta));
const MIN_LINE_CHARS = 60;
const JSON_START = '{"lines":[';
const JSON_END = "]}";

/**
 * Creates valid arguments of exactly `length` characters. They are lines of words, so a record has to escape their
 * quotes once more.
 */
export function createArguments(length) {
  let lines = "";
  let line = "";
  const maxChars = length - JSON_START.length - JSON_END.length - 2 * MIN_LINE_CHARS;
  for (let word = 0; lines.length < maxChars; word += 1) {
    line += WORDS[word % WORDS.length];
    if (line.length < MIN_LINE_CHARS) continue;
    lines += `${JSON.stringify(line)},`;
    line = "";
  }
  const quotes = 2;
  const rest = length - JSON_START.length - lines.length - JSON_END.length - quotes;
  return `${JSON_START}${lines}"${"x".repeat(rest)}"${JSON_END}`;
}

/** Creates the records of a call with `length` characters of arguments, without the records that end the stream. */
export function createCallRecords(length) {
  const text = createArguments(length);
  const call = { index: 0, id: "call_x7Kq2LwZ9sTe", type: "function" };
  const begin = { ...call, function: { name: TOOL.function.name, arguments: "" } };
  const records = [createDeltaRecord({ role: "assistant", content: null, tool_calls: [begin] })];
  for (let at = 0; at < length; at += FRAGMENT_CHARS) {
    const fragment = { index: 0, function: { arguments: text.slice(at, at + FRAGMENT_CHARS) } };
    records.push(createDeltaRecord({ tool_calls: [fragment] }));
  }
  return records;
}
