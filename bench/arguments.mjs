/** A tool call whose arguments come in small pieces, and what every client must therefore have gathered. */
import { deltaRecord, deltas } from "./corpus.mjs";

/** Characters of the arguments in each piece. */
export const FRAGMENT = 4;

/** The one tool there is, in the form of Chat Completions. */
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
const LINE = 60;
const HEAD = '{"lines":[';
const TAIL = "]}";

/** Valid arguments of exactly so many characters: lines of words, so that quotes and commas are escaped again. */
export function argumentsOf(length) {
  let lines = "";
  let line = "";
  const room = length - HEAD.length - TAIL.length - 2 * LINE;
  for (let word = 0; lines.length < room; word += 1) {
    line += WORDS[word % WORDS.length];
    if (line.length < LINE) continue;
    lines += `${JSON.stringify(line)},`;
    line = "";
  }
  const rest = length - HEAD.length - lines.length - TAIL.length - 2;
  return `${HEAD}${lines}"${"x".repeat(rest)}"${TAIL}`;
}

/** The records of the call, without those that end the stream. */
export function argumentRecords(length) {
  const text = argumentsOf(length);
  const call = { index: 0, id: "call_x7Kq2LwZ9sTe", type: "function" };
  const begin = { ...call, function: { name: TOOL.function.name, arguments: "" } };
  const records = [deltaRecord({ role: "assistant", content: null, tool_calls: [begin] })];
  for (let at = 0; at < length; at += FRAGMENT) {
    const piece = { index: 0, function: { arguments: text.slice(at, at + FRAGMENT) } };
    records.push(deltaRecord({ tool_calls: [piece] }));
  }
  return records;
}
