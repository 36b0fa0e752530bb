import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { Message } from "../red/api.js";

/** What a control message asks for. By presence, as in core: the value does not matter. */
export interface Control {
  /** Stops streams and keeps what they said. */
  cancel: boolean;
  /** Also forgets. */
  reset: boolean;
}

/** @returns undefined for a message that is no control message */
export function readControl(message: Message): Control | undefined {
  const cancel = Object.hasOwn(message, "cancel");
  const reset = Object.hasOwn(message, "reset");
  return cancel || reset ? { cancel, reset } : undefined;
}

/** Lets go of the stream that a message means, or of all. What comes of it from here on is a stream that begins again. */
export function resetStreams<T>(sessions: Sessions<T>, { parts }: Message): void {
  const id = parts?.id;
  if (id === undefined) {
    sessions.endAll("cancelled");
    return;
  }
  sessions.end(id, "cancelled");
  // After a retry, a stream is new under its old name: not late.
  sessions.forget(id);
}

/** The sessions that a message means: the one of its stream, or all. */
export function findTargetStreams<T>(sessions: Sessions<T>, { parts }: Message): T[] {
  if (parts?.id === undefined) return sessions.list();
  const value = sessions.get(parts.id);
  return value === undefined ? [] : [value];
}
