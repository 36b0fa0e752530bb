/** Inside Node-RED 5: `delta-buffer` at 50 ms between our `chat-stream` and the sink. */
import { openChat } from "../chat-flow.mjs";

/** A client, ready to stream from the bench server; `onText` gets what arrives in the sink. */
export function open(baseUrl) {
  return openChat(baseUrl, [{ type: "delta-buffer", milliseconds: 50, boundary: "none", smooth: false }]);
}
