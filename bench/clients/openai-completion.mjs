/** The `openai` SDK doing what our core always does: deltas as they arrive, and the completion at the end. */
import OpenAI from "openai";
import { TOOL } from "../tool-call.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  const client = new OpenAI({ baseURL: baseUrl, apiKey: "x", maxRetries: 0 });
  const stream = async (model, onText) => {
    const messages = [{ role: "user", content: "Go." }];
    const runner = client.chat.completions.stream({ model, messages });
    runner.on("content", onText);
    const completion = await runner.finalChatCompletion();
    return completion.choices[0].message.content;
  };
  const streamArguments = async (model) => {
    const messages = [{ role: "user", content: "Go." }];
    const runner = client.chat.completions.stream({ model, messages, tools: [TOOL] });
    const completion = await runner.finalChatCompletion();
    return completion.choices[0].message.tool_calls[0].function.arguments;
  };
  return { stream, streamArguments };
}
