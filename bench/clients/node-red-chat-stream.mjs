/** Inside Node-RED 5: `chat-stream`, wired to a sink. */
import { openChat } from "../chat-flow.mjs";

/** Opens a client that streams from the bench server; its `onText` gets the texts that arrive in the sink. */
export function open(baseUrl) {
  return openChat(baseUrl);
}
