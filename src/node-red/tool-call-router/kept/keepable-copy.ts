import type { Message } from "../../red/api.js";

/** They belong to a connection, which no restart survives. */
const BOUND_TO_PROCESS: ReadonlySet<string> = new Set(["req", "res"]);

/**
 * Copies what JSON can hold of a message. `req`, `res`, functions and values that contain themselves are left out; dates,
 * buffers and the like come back in the form that JSON gives them.
 */
export function copyKeepable(message: Message): Message {
  const copy: Message = {};
  for (const name of Object.keys(message)) {
    if (BOUND_TO_PROCESS.has(name)) continue;
    try {
      const text = JSON.stringify(message[name]);
      if (text !== undefined) copy[name] = JSON.parse(text);
    } catch {
      // JSON cannot hold it.
    }
  }
  return copy;
}
