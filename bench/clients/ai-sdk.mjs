/** The AI SDK: `streamText` and its `textStream`, on its OpenAI-compatible provider. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

/** A client, ready to stream from the bench server. */
export async function open(baseUrl) {
  const provider = createOpenAICompatible({ name: "bench", baseURL: baseUrl, apiKey: "x" });
  const stream = async (model, onText) => {
    let text = "";
    let failure;
    const { textStream } = streamText({
      model: provider(model),
      prompt: "Go.",
      maxRetries: 0,
      // Without a handler it logs an error and ends the text as if all were well.
      onError({ error }) {
        failure = error;
      },
    });
    for await (const delta of textStream) {
      text += delta;
      onText(delta);
    }
    if (failure !== undefined) throw failure;
    return text;
  };
  return { stream };
}
