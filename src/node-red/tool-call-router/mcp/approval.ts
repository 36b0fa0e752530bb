import { Failure } from "../../../core/failure.js";
import { isObject } from "../../../core/json/parse.js";
import { isSameJson } from "../../../core/json/sorted-json.js";
import { isStreamMessage } from "../../messages/stream-message.js";
import type { Message } from "../../red/api.js";
import type { AllowedCall } from "../calls/plan-calls.js";

/**
 * Reads what a message says about a call that waits to be approved. It is approved if the message comes back as it was, or
 * with other arguments in `msg.toolCall`. Anything else in its payload, and an error, is the answer to the call.
 * @param asked the call as it waits
 * @returns the arguments to call with; undefined if the message is an answer
 * @throws Failure `invalid_request` if the new arguments do not fit the tool
 */
export function readApproval(message: Message, asked: AllowedCall): Record<string, unknown> | undefined {
  const { payload, error, toolCall } = message;
  const args = isObject(toolCall) ? toolCall["arguments"] : undefined;
  const isAnswer =
    isStreamMessage(message) ||
    (error !== undefined && error !== null && error !== false && error !== "") ||
    (payload !== undefined &&
      payload !== null &&
      !isSameJson(payload, asked.arguments) &&
      !isSameJson(payload, args));
  if (isAnswer) return undefined;
  if (isSameJson(args, asked.arguments)) return asked.arguments;
  const fault = isObject(args) ? asked.tool?.check(args) : "they are no object";
  if (!isObject(args) || fault !== undefined)
    throw new Failure(
      "invalid_request",
      `The changed arguments in msg.toolCall.arguments do not match the schema of the tool “${asked.tool?.name ?? ""}”: ${fault}. Correct them and send the message again; the call still waits.`,
    );
  return structuredClone(args);
}
