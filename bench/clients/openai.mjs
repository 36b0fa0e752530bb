/** The stream of the `openai` SDK as its README shows it: `create({ stream: true })` and `for await`. */
import OpenAI from "openai";
import { TOOL } from "../tool-call.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  const client = new OpenAI({ baseURL: baseUrl, apiKey: "x", maxRetries: 0 });
  const stream = async (model, onText) => {
    let text = "";
    const messages = [{ role: "user", content: "Go." }];
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
      const delta = chunk.choices[0]?.delta.content;
      if (delta) {
        text += delta;
        onText(delta);
      }
    }
    return text;
  };
  const streamArguments = async (model) => {
    let text = "";
    const messages = [{ role: "user", content: "Go." }];
    const request = { model, messages, tools: [TOOL], stream: true };
    for await (const chunk of await client.chat.completions.create(request)) {
      for (const call of chunk.choices[0]?.delta.tool_calls ?? []) text += call.function.arguments;
    }
    return text;
  };
  return { stream, streamArguments };
}
