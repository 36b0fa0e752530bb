import type { Message } from "../red/api.js";

/** What a control message asks for. By presence, as in core: the value does not matter. */
export interface Control {
  /** Stops streams and keeps what they said. */
  cancel: boolean;
  /** Also forgets. */
  reset: boolean;
}

/** @returns undefined for a message that is no control message */
export function controlOf(message: Message): Control | undefined {
  const cancel = Object.hasOwn(message, "cancel");
  const reset = Object.hasOwn(message, "reset");
  return cancel || reset ? { cancel, reset } : undefined;
}
