/**
 * The baseline: the loop that one would write by hand. `request()`, `for await`, a streaming TextDecoder,
 * eventsource-parser, JSON.parse and concatenation, without any checks.
 */
import { FORMS } from "../forms.mjs";
import { createParser, request } from "../packages.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  return {
    stream: (model, onText) => runPlainLoop(baseUrl, model, onText),
    streamForm: (model, form) => runFormLoop(baseUrl, model, FORMS[form]),
    streamArguments: (model) => runPlainLoop(baseUrl, model, () => {}, readArguments),
  };
}

const readText = (delta) => delta?.content;
const readArguments = (delta) => delta?.tool_calls?.[0]?.function.arguments;

/**
 * Streams one answer: `onText` gets the text of each delta.
 * @param readPart reads the text of a delta; "" or undefined if it has none
 * @returns the whole text
 */
export async function runPlainLoop(baseUrl, model, onText, readPart = readText) {
  const body = await openBody(baseUrl, model);
  let text = "";
  const parser = createParser({
    onEvent(event) {
      if (event.data === "[DONE]") return;
      const delta = readPart(JSON.parse(event.data).choices[0]?.delta);
      if (delta) {
        text += delta;
        onText(delta);
      }
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
  return text;
}

/** Streams one answer in a form of forms.mjs, as one would write the loop for that form alone. @returns the whole text */
async function runFormLoop(baseUrl, model, { contentType, read }) {
  const body = await openBody(baseUrl, model);
  const kept = [];
  let text = "";
  const readRecord = (json) => {
    if (json !== "[DONE]") text += read(JSON.parse(json), kept) ?? "";
  };
  const decoder = new TextDecoder();
  if (contentType === undefined) {
    const parser = createParser({ onEvent: (event) => readRecord(event.data) });
    for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
    return text;
  }
  let rest = "";
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line !== "") readRecord(line);
  }
  return text;
}

async function openBody(baseUrl, model) {
  const { statusCode, body } = await request(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer x" },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Go." }] }),
  });
  if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
  return body;
}
