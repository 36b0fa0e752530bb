import type { ChatRequest } from "../../core/chat/request.js";
import { type AskTag, replaceTags } from "../messages/ask-tags.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import type { Message } from "../red/api.js";

/**
 * Composes a message that asks for more of a stream.
 * @param last the stream's last message so far: what rides along comes from it
 * @param tags who asks
 */
export function composeNextRequest(last: Message, request: ChatRequest, tags: readonly AskTag[]): Message {
  const { model, messages, tools, parameters } = request;
  const message: Message = { ...inheritProperties(last), payload: "", messages, options: parameters };
  if (model !== "") message["model"] = model;
  if (tools) message["tools"] = tools;
  if (last["conversation"] !== undefined) message["conversation"] = last["conversation"];
  if (last.parts?.parts) message.parts = last.parts.parts;
  return replaceTags(message, tags);
}
