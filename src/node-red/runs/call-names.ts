import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

/** Tools whose models call tools whose models call tools. */
const MAX_DEPTH = 16;

/** @returns the name under which a call of a tool is cancelled */
export function nameCall(run: string, call: string): string {
  return `${run} ${call}`;
}

/**
 * Reads which calls a message works for: that of `msg.toolCall`, and the calls that this one is a part of. The property has
 * travelled through a flow, and may be anything.
 */
export function readCallNames(message: Message): string[] {
  const names: string[] = [];
  let { toolCall: call } = message;
  while (isObject(call) && names.length < MAX_DEPTH) {
    const { run, id } = call;
    if (typeof run === "string" && typeof id === "string") names.push(nameCall(run, id));
    call = call["outer"];
  }
  return names;
}
