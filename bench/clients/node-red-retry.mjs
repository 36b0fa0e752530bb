/** Inside Node-RED 5: `retry` between our `chat-stream` and the sink, as one would wire it. */
import { openChat } from "../chat-flow.mjs";

/** A client, ready to stream from the bench server; `onText` gets what arrives in the sink. */
export function open(baseUrl) {
  const retry = { type: "retry", attempts: 4, delay: 1000, maxDelay: 30_000, afterText: "continue" };
  return openChat(baseUrl, [{ ...retry, wires: [["tested"], []] }]);
}
