/** Inside Node-RED 5: a node that does nothing between our `chat-stream` and the sink. What any node costs. */
import { openChat } from "../chat-flow.mjs";

/** A client, ready to stream from the bench server; `onText` gets what arrives in the sink. */
export function open(baseUrl) {
  return openChat(baseUrl, [{ type: "bench-hop" }]);
}
