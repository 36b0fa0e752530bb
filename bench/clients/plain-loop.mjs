/**
 * The baseline: the loop that one would write by hand. `request()`, `for await`, a streaming TextDecoder,
 * eventsource-parser, JSON.parse and concatenation, without any checks.
 */
import { createParser, request } from "../packages.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  return {
    stream: (model, onText) => runPlainLoop(baseUrl, model, onText),
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
  const { statusCode, body } = await request(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer x" },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Go." }] }),
  });
  if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
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
