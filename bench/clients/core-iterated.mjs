/** Our core as a library user has it: `for await` over the text of a `ChatStream`. */
import { core } from "../packages.mjs";

/** A client, ready to stream from the bench server. */
export async function open(baseUrl) {
  const chatStream = core("chatStream");
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
