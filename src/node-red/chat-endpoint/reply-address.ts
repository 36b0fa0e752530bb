import { isObject } from "../../core/json/parse.js";
import type { FormName } from "../../serving/form.js";
import type { Message } from "../red/api.js";

/**
 * Whom a message answers (`msg.replyTo`). Plain data, so that it survives a queue and another machine; the connection
 * itself stays with the endpoint. It rides along on every message of the stream.
 */
export interface ReplyAddress {
  /** Id of the answer. */
  id: string;
  /** Id of the chat-endpoint. */
  endpoint: string;
  form: FormName;
}

/** @returns the id of the answer that a message belongs to, if it has one */
export function readAnswerId({ replyTo }: Message): string | undefined {
  if (!isObject(replyTo)) return undefined;
  const { id } = replyTo;
  return typeof id === "string" && id !== "" ? id : undefined;
}
