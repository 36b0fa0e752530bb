/** The `openai` SDK where it does what our core always does: deltas as they come, and the completion at the end. */
import OpenAI from "openai";

/** A client, ready to stream from the bench server. */
export async function open(baseUrl) {
  const client = new OpenAI({ baseURL: baseUrl, apiKey: "x", maxRetries: 0 });
  const stream = async (model, onText) => {
    const messages = [{ role: "user", content: "Go." }];
    const runner = client.chat.completions.stream({ model, messages });
    runner.on("content", onText);
    const completion = await runner.finalChatCompletion();
    return completion.choices[0].message.content;
  };
  return { stream };
}
