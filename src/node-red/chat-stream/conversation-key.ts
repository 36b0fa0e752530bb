import type { Clock } from "../../core/clock.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { readName } from "../red/names.js";
import { evaluateTypedInput } from "../red/values/typed-input.js";
import type { ChatStreamConfig } from "./config.js";

/**
 * Evaluates the key of the conversation that a message belongs to.
 * @returns `""` if the node has no conversation key, or the message has none
 * @throws Failure `invalid_request` if the message property cannot be read, or the key is neither a text nor a number;
 *   `configuration` if an expression cannot be evaluated
 */
export function evaluateKey(
  red: NodeRed,
  node: RuntimeNode,
  clock: Clock,
  config: ChatStreamConfig,
  message: Message,
): string | Promise<string> {
  if ((config.conversation || "none") === "none") return "";
  const { value, type } = readKeySource(config);
  const name = type === "msg" ? `msg.${value}` : `The conversation key (${type} “${value}”)`;
  const input = { value, type, name: "conversation key of the message" };
  const key = evaluateTypedInput(red, node, clock, input, message);
  return key instanceof Promise ? key.then((result) => toKey(result, name)) : toKey(key, name);
}

/**
 * Evaluates the key of a control message. Without a key it applies to every conversation.
 * @returns `""` if the message does not have the property
 * @throws Failure `invalid_request` if the key is neither a text nor a number, `configuration` if an expression cannot be
 *   evaluated
 */
export function evaluateControlKey(...args: Parameters<typeof evaluateKey>): ReturnType<typeof evaluateKey> {
  const [red, , , config, message] = args;
  const { value, type } = readKeySource(config);
  return type === "msg" && !hasProperty(red, message, value) ? "" : evaluateKey(...args);
}

function readKeySource(config: ChatStreamConfig): { value: string; type: string } {
  const type = config.conversationKeyType || "msg";
  return { type, value: config.conversationKey || (type === "msg" ? "topic" : "") };
}

/** A path through a property that the message does not have, such as `user.id` without a user, cannot be read. */
function hasProperty(red: NodeRed, message: Message, path: string): boolean {
  try {
    return red.util.getMessageProperty(message, path) !== undefined;
  } catch {
    return false;
  }
}

function toKey(value: unknown, name: string): string {
  return readName(value, name) ?? "";
}
