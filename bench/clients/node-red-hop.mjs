/** Inside Node-RED 5: a node that does nothing between `chat-stream` and the sink. It shows what any node costs. */
import { openChat } from "../chat-flow.mjs";

/** Opens a client that streams from the bench server; its `onText` gets the texts that arrive in the sink. */
export function open(baseUrl) {
  return openChat(baseUrl, [{ type: "bench-hop" }]);
}
