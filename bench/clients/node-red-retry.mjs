/** Inside Node-RED 5: `retry` between `chat-stream` and the sink, with its second output wired back. */
import { openChat } from "../chat-flow.mjs";

/** Opens a client that streams from the bench server; its `onText` gets the texts that arrive in the sink. */
export function open(baseUrl) {
  const retry = { type: "retry", attempts: 4, delay: 1000, maxDelay: 30_000, afterText: "continue" };
  return openChat(baseUrl, [{ ...retry, wires: [["tested"], []] }]);
}
