/** Our core with callbacks, as the nodes use it. It accumulates the completion, and all its checks are on. */

import { FORMS } from "../forms.mjs";
import { loadCoreFunction } from "../packages.mjs";
import { TOOL } from "../tool-call.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  const startChat = loadCoreFunction("startChat");
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
  const streamArguments = (model) =>
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
  const streamForm = (model, form) =>
    new Promise((resolve, reject) => {
      const messages = [{ role: "user", content: "Go." }];
      startChat(
        { provider: "custom", baseUrl, apiKey: "x", model, messages },
        {
          onText() {},
          onChunk() {},
          onEnd({ completion, failure }) {
            const { message } = completion.choices[0] ?? {};
            if (failure) reject(Object.assign(new Error(failure.message), { code: failure.code }));
            else resolve(FORMS[form].isReasoning ? message.reasoning_content : message.content);
          },
        },
      );
    });
  return { stream, streamForm, streamArguments };
}
