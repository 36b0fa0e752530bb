import { requireProvider } from "../chat-provider/lookup.js";
import type { Message, NodeRed, Send } from "../red/api.js";
import type { ChatStreamConfig } from "./config.js";

/**
 * Answers a message that asks for the counters of the node's provider (`msg.readCounters`).
 * @returns false if the message asks for something else
 * @throws Failure `configuration` if the node has no provider
 */
export function sendCounters(
  red: NodeRed,
  { provider }: ChatStreamConfig,
  message: Message,
  send: Send,
): boolean {
  if (!Object.hasOwn(message, "readCounters")) return false;
  send({ ...message, payload: requireProvider(red, provider).runtime.readCounters() });
  return true;
}
