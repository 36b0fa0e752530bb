import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { Message } from "../red/api.js";
import { readStreamId } from "../red/names.js";
import { isRestartNotice } from "./stream-message.js";

/** What a control message asks for. The property's presence counts and any value works, as in core. */
export interface Control {
  /** Stop streams, and keep what they have sent. */
  cancel: boolean;
  /** Stop streams, and forget them and their conversation. */
  reset: boolean;
}

/** @returns undefined if the message is not a control message */
export function readControl(message: Message): Control | undefined {
  if (isRestartNotice(message)) return undefined;
  const cancel = Object.hasOwn(message, "cancel");
  const reset = Object.hasOwn(message, "reset");
  return cancel || reset ? { cancel, reset } : undefined;
}

/**
 * Finds the open streams that a control message applies to: the one that `msg.parts.id` names, or all without an id.
 * @throws Failure `invalid_request` if the id is neither a text nor a number
 */
export function findTargetStreams<T>(sessions: Sessions<T>, message: Message): T[] {
  const id = readStreamId(message);
  if (id === undefined) return sessions.list();
  const value = sessions.get(id);
  return value === undefined ? [] : [value];
}

/**
 * Ends the streams that a control message applies to. A later message with the same id starts a new stream.
 * @throws Failure `invalid_request` if the id is neither a text nor a number
 */
export function resetStreams<T>(sessions: Sessions<T>, message: Message): void {
  const id = readStreamId(message);
  if (id === undefined) {
    sessions.endAll("cancelled");
    return;
  }
  sessions.end(id, "cancelled");
  // After a retry, the stream starts again under the same id: its messages are not late.
  sessions.forget(id);
}
