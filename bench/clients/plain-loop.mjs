/**
 * The measure of everything else: the loop one would write by hand. `request()`, `for await`, a streaming
 * TextDecoder, eventsource-parser, JSON.parse, concatenation; no check of anything.
 */
import { createParser, request } from "../packages.mjs";

/** A client, ready to stream from the bench server. */
export async function open(baseUrl) {
  return {
    stream: (model, onText) => plainLoop(baseUrl, model, onText),
    toolArguments: (model) => plainLoop(baseUrl, model, () => {}, argumentsIn),
  };
}

const textIn = (delta) => delta?.content;
const argumentsIn = (delta) => delta?.tool_calls?.[0]?.function.arguments;

/** One answer: `onText` gets each delta, the result is the whole text; `partOf` finds the text in a delta. */
export async function plainLoop(baseUrl, model, onText, partOf = textIn) {
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
      const delta = partOf(JSON.parse(event.data).choices[0]?.delta);
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
