import { randomUUID } from "node:crypto";
import { isObject } from "../../../core/json/parse.js";
import { departures } from "../../chat-endpoint/departures.js";
import type { Message } from "../../red/api.js";

/**
 * Lets a kept run go on after the client that asked over HTTP has left or was cut off, as by a deploy: a chat-stream stops
 * what it does for such a client. The address gets an id of its own, which nobody reads.
 */
export function releaseDepartedReader(message: Message): Message {
  const { replyTo } = message;
  return isObject(replyTo) && departures.hasLeft(message)
    ? { ...message, replyTo: { ...replyTo, id: randomUUID() } }
    : message;
}
