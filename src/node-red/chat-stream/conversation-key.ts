import { Failure } from "../../core/failure.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import type { ChatStreamConfig } from "./config.js";
import { evaluateTypedInput } from "./typed-input.js";

/**
 * The key of the conversation that a message belongs to, `""` where the node tells none apart.
 * @throws Failure `invalid_request` where the message has no such property, `configuration` where an expression
 *   cannot be evaluated
 */
export function evaluateKey(
  red: NodeRed,
  node: RuntimeNode,
  config: ChatStreamConfig,
  message: Message,
): string | Promise<string> {
  if ((config.conversation ?? "none") === "none") return "";
  const type = config.conversationKeyType || "msg";
  const path = config.conversationKey || (type === "msg" ? "topic" : "");
  const key = evaluateTypedInput(red, node, path, type, message);
  return key instanceof Promise ? key.then(toText) : toText(key);
}

/**
 * The same for a control message, which means all where it has no key.
 * @throws Failure `configuration` as `keyOf`
 */
export function evaluateControlKey(...given: Parameters<typeof evaluateKey>): ReturnType<typeof evaluateKey> {
  try {
    return evaluateKey(...given);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "invalid_request") return "";
    throw thrown;
  }
}

function toText(key: unknown): string {
  return key === undefined || key === null ? "" : String(key);
}
