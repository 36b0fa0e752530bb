import { Failure, readReason } from "../../core/failure.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";

/**
 * Evaluates a typed input for a message.
 * @returns a promise for types other than `str` and `msg`
 * @throws Failure `invalid_request` if the message property cannot be read, `configuration` if an expression cannot be
 *   evaluated
 */
export function evaluateTypedInput(
  red: NodeRed,
  node: RuntimeNode,
  value: string,
  type: string,
  message: Message,
): Promise<unknown> | unknown {
  // The usual two types need no promise: messages keep their order, and a stream starts without delay.
  if (type === "str") return value;
  if (type === "msg") return readProperty(red, message, value);
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      const problem = `The ${type} expression “${value}” cannot be evaluated: ${readReason(error)}. Correct it in the node.`;
      reject(new Failure("configuration", problem));
    };
    try {
      red.util.evaluateNodeProperty(value, type, node, message, (error, result) => {
        if (error) refuse(error);
        else resolve(result);
      });
    } catch (thrown) {
      refuse(thrown);
    }
  });
}

function readProperty(red: NodeRed, message: Message, path: string): unknown {
  try {
    return red.util.getMessageProperty(message, path);
  } catch (thrown) {
    throw new Failure("invalid_request", `msg.${path} cannot be read: ${readReason(thrown)}`);
  }
}
