/** LangChain.js: `ChatOpenAI`, with its chunks joined by `concat`, as its documentation shows it. */
import { concat } from "@langchain/core/utils/stream";
import { ChatOpenAI } from "@langchain/openai";
import { TOOL } from "../tool-call.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  const streamArguments = async (model) => {
    const chat = new ChatOpenAI({ model, apiKey: "x", maxRetries: 0, configuration: { baseURL: baseUrl } });
    let whole;
    for await (const chunk of await chat.bindTools([TOOL]).stream("Go.")) {
      whole = whole === undefined ? chunk : concat(whole, chunk);
    }
    const [{ args }] = whole.tool_calls;
    return JSON.stringify(args);
  };
  return { streamArguments };
}
