import { isObject } from "../../core/json/parse.js";
import { toFailedResult, toToolResult } from "../../core/tools/result.js";
import type { ToolNote } from "../../serving/form.js";
import { hasPlace } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { isCaught } from "./whole-message.js";

/** Longest result that readers get to see. */
const MAX_RESULT_CHARS = 16_384;

/** Calls of one answer that are remembered. */
const MAX_CALLS = 1_000;

/** Reads the messages to and from the tools of a flow, which an author may wire into chat-out too. */
export class ToolNotes {
  /** By id of the call: what was called. */
  private readonly calls = new Map<string, ToolNote>();

  /** @returns undefined if the message is not about a tool. The first message about a call is the call, the next its result */
  read(message: Message): ToolNote | undefined {
    const { toolCall, payload, error } = message;
    if (!isObject(toolCall) || hasPlace(message)) return undefined;
    const { id, name, arguments: input } = toolCall;
    if (typeof id !== "string" || typeof name !== "string") return undefined;
    const call = this.calls.get(id);
    if (!call) {
      // The failure of a tool that nobody was told of is one of the flow.
      if (isCaught(message)) return undefined;
      const note: ToolNote = { id, name, arguments: isObject(input) ? input : {} };
      if (this.calls.size < MAX_CALLS) this.calls.set(id, note);
      return note;
    }
    const { text, failed } =
      error === undefined || error === null
        ? toToolResult(payload, MAX_RESULT_CHARS)
        : toFailedResult(error, MAX_RESULT_CHARS);
    return { ...call, result: text, ...(failed ? { isFailed: true } : {}) };
  }
}
