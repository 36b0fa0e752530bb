/** Inside Node-RED 5: `chat-stream` whose provider takes two requests at once, so that the others wait. */
import { openChat } from "../chat-flow.mjs";

export const open = (baseUrl) =>
  openChat(baseUrl, [], {
    provider: { maxConcurrent: 2 },
    node: { whenBusy: "replace", conversation: "key", conversationKey: "topic", conversationKeyType: "msg" },
  });
