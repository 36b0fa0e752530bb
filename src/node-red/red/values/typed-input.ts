import type { Clock } from "../../../core/clock.js";
import { Failure, readReason } from "../../../core/failure.js";
import type { Message, NodeRed, RuntimeNode } from "../api.js";
import { awaitStore } from "../context-values.js";

/** A value that the author enters as text with a type. */
export interface TypedInput {
  value: string;
  type: string;
  /** What it is, for errors: “prompt”. */
  name: string;
}

/** Types of typed inputs that Node-RED can evaluate. Others would give the text itself. */
const TYPES = [
  "msg",
  "flow",
  "global",
  "str",
  "num",
  "bool",
  "json",
  "bin",
  "re",
  "date",
  "jsonata",
  "env",
] as const;

/**
 * Evaluates a typed input for a message.
 * @returns a promise for types other than `str` and `msg`
 * @throws Failure `invalid_request` if the message property cannot be read, `configuration` if there is no such type, an
 *   expression cannot be evaluated, or a context store does not answer
 */
export function evaluateTypedInput(
  red: NodeRed,
  node: RuntimeNode,
  clock: Clock,
  { value, type, name }: TypedInput,
  message: Message,
): Promise<unknown> | unknown {
  // The usual two types need no promise: messages keep their order, and a stream starts without delay.
  if (type === "str") return value;
  if (type === "msg") return readProperty(red, message, String(value));
  if (!(TYPES as readonly unknown[]).includes(type)) {
    const problem = `The type of the ${name} is none of ${TYPES.join(", ")}. Choose it in the node's dialog.`;
    throw new Failure("configuration", problem);
  }
  const evaluated = new Promise<unknown>((resolve, reject) => {
    const refuse = (error: unknown) => {
      const problem = `The ${name} cannot be evaluated (${type} “${value}”): ${readReason(error)}. Correct it in the node.`;
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
  return awaitStore(clock, evaluated, `The ${name} could not be read (${type} “${value}”)`);
}

function readProperty(red: NodeRed, message: Message, path: string): unknown {
  try {
    return red.util.getMessageProperty(message, path);
  } catch (thrown) {
    const problem = `msg.${path} cannot be read: ${readReason(thrown)}.`;
    throw new Failure("invalid_request", `${problem} Set it on the message, or choose another property.`);
  }
}
