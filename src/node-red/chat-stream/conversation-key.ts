import { Failure } from "../../core/failure.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import type { ChatStreamConfig } from "./config.js";
import { evaluateTypedInput } from "./typed-input.js";

/**
 * Evaluates the key of the conversation that a message belongs to.
 * @returns `""` if the node has no conversation key
 * @throws Failure `invalid_request` if the message property cannot be read, `configuration` if an expression cannot be
 *   evaluated
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
 * Evaluates the key of a control message. Without a key it applies to every conversation.
 * @returns `""` if the message property cannot be read
 * @throws Failure `configuration` if an expression cannot be evaluated
 */
export function evaluateControlKey(...args: Parameters<typeof evaluateKey>): ReturnType<typeof evaluateKey> {
  try {
    return evaluateKey(...args);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "invalid_request") return "";
    throw thrown;
  }
}

function toText(key: unknown): string {
  return key === undefined || key === null ? "" : String(key);
}
