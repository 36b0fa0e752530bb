import { isDeepStrictEqual } from "node:util";
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

interface KnownCall {
  note: ToolNote;
  hasResult: boolean;
}

/** Reads the messages to and from the tools of a flow, which an author may wire into chat-out too. */
export class ToolNotes {
  /** By id of the call. */
  private readonly calls = new Map<string, KnownCall>();

  /**
   * Reads a message. One whose payload is the call's arguments is the call; any other is its result, and so is a second
   * one. A result may come before its call, over another wire.
   * @returns undefined if the message is not about a tool
   */
  read(message: Message): ToolNote[] | undefined {
    const { toolCall, payload } = message;
    if (!isObject(toolCall) || hasPlace(message)) return undefined;
    const { id, name, arguments: input } = toolCall;
    if (typeof id !== "string" || typeof name !== "string") return undefined;
    const known = this.calls.get(id);
    // If the client does not know the call, its failure is one of the flow.
    if (!known && isCaught(message)) return undefined;
    const isCall = message["error"] === undefined && isDeepStrictEqual(payload, input);
    if (known) return known.hasResult ? [] : this.addResult(known, message);
    const call = this.addCall({ id, name, arguments: isObject(input) ? input : {} });
    return isCall ? [call.note] : [call.note, ...this.addResult(call, message)];
  }

  private addCall(note: ToolNote): KnownCall {
    const call = { note, hasResult: false };
    if (this.calls.size < MAX_CALLS) this.calls.set(note.id, call);
    return call;
  }

  private addResult(call: KnownCall, { error, payload }: Message): ToolNote[] {
    call.hasResult = true;
    const { text, failed } =
      error === undefined || error === null
        ? toToolResult(payload, MAX_RESULT_CHARS)
        : toFailedResult(error, MAX_RESULT_CHARS);
    return [{ ...call.note, result: text, ...(failed ? { isFailed: true } : {}) }];
  }
}
