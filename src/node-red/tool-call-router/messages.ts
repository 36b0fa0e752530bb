import type { Chunk } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { isRichChoice } from "../../dialects/chunk-kind.js";
import { tagOf } from "../messages/retry-tag.js";
import { runTagOf } from "../messages/run-tag.js";
import type { Message, Parts } from "../red/api.js";

/** What a tool's message has as `msg.toolCall`. It has to be on the answer. */
export interface ToolCallTag {
  /** Of the call; unique in its run. */
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  /** The turn of the run that called, from 1. */
  round: number;
  run: string;
  /** The router. */
  node: string;
  /** That of another router, of whose tool this run is a part. */
  outer?: unknown;
}

/** A message that has a place in a sequence. */
export type StreamMessage = Message & { parts: Parts };

/** The call of a router that a message answers. It has travelled through a flow, and may be anything. */
export function callOf(message: Message, node: string): ToolCallTag | undefined {
  const { toolCall } = message;
  if (!isObject(toolCall) || toolCall["node"] !== node) return undefined;
  const { id, run } = toolCall;
  return typeof id === "string" && typeof run === "string" ? (toolCall as unknown as ToolCallTag) : undefined;
}

/** Whether `msg.reset` is no command: the stream itself begins again, by the doing of a retry node before this one. */
export function beginsAgain(message: Message, node: string): boolean {
  if (!isPlaced(message) || !Object.hasOwn(message, "reset")) return false;
  return tagOf(message) !== undefined || runTagOf(message)?.node === node;
}

function isPlaced(message: Message): message is StreamMessage {
  const { parts } = message;
  return typeof parts?.id === "string" && Number.isInteger(parts.index) && parts.index >= 0;
}

/** What chat-stream writes, and core `split` does not. */
export function isStream(message: Message): message is StreamMessage {
  if (!isPlaced(message)) return false;
  const { parts, chunk, complete } = message;
  if (chunk !== undefined || complete === true) return true;
  return parts.type === "string" && parts.ch === "" && parts.count === undefined && !("len" in parts);
}

/** Whether a Catch node has made the message of an error of this node. */
export function isErrorOf({ error }: Message, node: string): boolean {
  const source = isObject(error) ? error["source"] : undefined;
  return isObject(source) && source["id"] === node;
}

/** Whether a message is an answer by itself, or the end of one that comes as a stream: told once, not for each message. */
export function isWhole(message: Message): boolean {
  return message.complete === true || !isStream(message);
}

/**
 * Takes the tool calls of the first choice out of a message's chunk: they are the router's business, and a reader would
 * put those of several turns together. Nobody answers those of another choice (`n`), which the reader keeps.
 * @param chunk the message's own
 * @param calling whether the turn has called a tool, so that its end is not the run's
 * @returns whether anything is left to send
 */
export function takeCallsOut(message: Message, chunk: Chunk, calling: boolean): boolean {
  let taken = false;
  for (const choice of chunk.choices) {
    if (choice.index === 0 && choice.delta.tool_calls) {
      delete choice.delta.tool_calls;
      taken = true;
    }
    if (calling && choice.finish_reason) choice.finish_reason = null;
  }
  if (calling) delete chunk.usage;
  if (!taken || chunk.choices.some(isRichChoice)) return true;
  delete message.chunk;
  return message.payload !== "";
}
