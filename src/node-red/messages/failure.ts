import type { FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

/** A message's own failure, as chat-stream wrote it. */
export function failureOf(message: Message): FailureData | undefined {
  const { error } = message;
  if (!isObject(error) || typeof error["code"] !== "string") return undefined;
  const { partial } = error;
  return { ...(error as unknown as FailureData), partial: typeof partial === "string" ? partial : "" };
}
