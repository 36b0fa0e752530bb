/** Inside Node-RED 5: `delta-buffer` at 50 ms between `chat-stream` and the sink. */
import { openChat } from "../chat-flow.mjs";

/** Opens a client that streams from the bench server; its `onText` gets the texts that arrive in the sink. */
export function open(baseUrl) {
  return openChat(baseUrl, [{ type: "delta-buffer", milliseconds: 50, boundary: "none", smooth: false }]);
}
