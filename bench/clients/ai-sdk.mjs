/** The AI SDK: `streamText` and its `textStream`, with the OpenAI-compatible provider. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { jsonSchema, streamText, tool } from "ai";
import { TOOL } from "../tool-call.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  const provider = createOpenAICompatible({ name: "bench", baseURL: baseUrl, apiKey: "x" });
  const stream = async (model, onText) => {
    let text = "";
    let failure;
    const { textStream } = streamText({
      model: provider(model),
      prompt: "Go.",
      maxRetries: 0,
      // Without a handler, it logs an error and ends the text as if the stream had succeeded.
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
  const streamArguments = async (model) => {
    const { description, name, parameters } = TOOL.function;
    let text = "";
    let input;
    const { fullStream } = streamText({
      model: provider(model),
      prompt: "Go.",
      maxRetries: 0,
      tools: { [name]: tool({ description, inputSchema: jsonSchema(parameters) }) },
    });
    for await (const part of fullStream) {
      if (part.type === "tool-input-delta") text += part.delta;
      else if (part.type === "tool-call") input = part.input;
      else if (part.type === "error") throw part.error;
    }
    if (JSON.stringify(input) !== text) throw new Error("the parsed arguments differ from the fragments");
    return text;
  };
  return { stream, streamArguments };
}
