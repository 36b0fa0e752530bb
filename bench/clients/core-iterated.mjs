/** Our core as a library: `for await` over the text of a `ChatStream`. */
import { loadCoreFunction } from "../packages.mjs";

/** Opens a client that streams from the bench server. */
export async function open(baseUrl) {
  const chatStream = loadCoreFunction("chatStream");
  const stream = async (model, onText) => {
    let text = "";
    const messages = [{ role: "user", content: "Go." }];
    const answer = chatStream({ provider: "custom", baseUrl, apiKey: "x", model, messages });
    for await (const delta of answer.textDeltas()) {
      text += delta;
      onText(delta);
    }
    return text;
  };
  return { stream };
}
