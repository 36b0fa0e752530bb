/** Our core, by callbacks: what the nodes run on. It accumulates the completion and keeps every guard on. */
import { TOOL } from "../arguments.mjs";
import { core } from "../packages.mjs";

/** A client, ready to stream from the bench server. */
export async function open(baseUrl) {
  const startChat = core("startChat");
  const stream = (model, onText) =>
    new Promise((resolve, reject) => {
      const messages = [{ role: "user", content: "Go." }];
      startChat(
        { provider: "custom", baseUrl, apiKey: "x", model, messages },
        {
          onText,
          onChunk(_chunk, text) {
            if (text) onText(text);
          },
          onEnd({ completion, failure }) {
            if (failure) reject(Object.assign(new Error(failure.message), { code: failure.code }));
            else resolve(completion.choices[0].message.content);
          },
        },
      );
    });
  const toolArguments = (model) =>
    new Promise((resolve, reject) => {
      const messages = [{ role: "user", content: "Go." }];
      startChat(
        { provider: "custom", baseUrl, apiKey: "x", model, messages, tools: [TOOL] },
        {
          onText() {},
          onChunk() {},
          onEnd({ completion, failure }) {
            if (failure) reject(Object.assign(new Error(failure.message), { code: failure.code }));
            else resolve(completion.choices[0].message.tool_calls[0].function.arguments);
          },
        },
      );
    });
  return { stream, toolArguments };
}
