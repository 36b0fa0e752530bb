/** Inside Node-RED 5: our `chat-stream`, wired to a sink. */
import { openChat } from "../chat-flow.mjs";

/** A client, ready to stream from the bench server; `onText` gets what arrives in the sink. */
export function open(baseUrl) {
  return openChat(baseUrl);
}
