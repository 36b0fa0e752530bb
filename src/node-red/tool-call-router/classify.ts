import { isObject } from "../../core/json/parse.js";
import { readTags } from "../messages/ask-tags.js";
import { type Control, readControl } from "../messages/control.js";
import { isStreamMessage, type StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { readErrorSource } from "../red/node-error.js";

/** What a tool's message has as `msg.toolCall`. The answer must carry it back. */
export interface ToolCallTag {
  /** Id of the call, unique in its run. */
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  /** The turn of the run that called, from 1. */
  round: number;
  run: string;
  /** Id of the router. */
  node: string;
  /** The call of another router of whose tool this run is a part. */
  outer?: unknown;
}

/** What a message means to a router. */
export type Incoming =
  /** The answer of a tool, whole or a part of a stream. */
  | { kind: "answer"; call: ToolCallTag }
  /** A command to stop; `call` names the run if the message is a tool's. */
  | { kind: "control"; control: Control; call: ToolCallTag | undefined }
  /** An error of this node, from a Catch node that is wired back for the sake of the tools. */
  | { kind: "ownError" }
  /** The author wants to know which runs are open. */
  | { kind: "list" }
  /** The answer of a tool that has lost `msg.toolCall`. */
  | { kind: "lostAnswer" }
  /** A message of a model's stream. */
  | { kind: "stream"; message: StreamMessage }
  /** A question. */
  | { kind: "request" };

/**
 * Decides what a message is.
 * @param node id of the router
 * @param isRun whether a run has this key, or had it lately: calls have it as their `_msgid`, which outlives a careless flow
 */
export function classifyMessage(message: Message, node: string, isRun: (key: string) => boolean): Incoming {
  const call = readCall(message, node);
  const control = readControl(message);
  if (control) return { kind: "control", control, call };
  if (Object.hasOwn(message, "listRuns")) return { kind: "list" };
  if (call) return { kind: "answer", call };
  if (readErrorSource(message)?.["id"] === node) return { kind: "ownError" };
  const { _msgid } = message;
  if (typeof _msgid === "string" && isRun(_msgid) && readTags(message).length === 0)
    return { kind: "lostAnswer" };
  return isStreamMessage(message) ? { kind: "stream", message } : { kind: "request" };
}

/** @returns the call of this router that a message answers. It has travelled through a flow, and may be anything. */
export function readCall(message: Message, node: string): ToolCallTag | undefined {
  const { toolCall } = message;
  if (!isObject(toolCall) || toolCall["node"] !== node) return undefined;
  const { id, run } = toolCall;
  return typeof id === "string" && typeof run === "string" ? (toolCall as unknown as ToolCallTag) : undefined;
}

/** Whether a message is a whole answer or the last message of one that comes as a stream, so that it counts once. */
export function isWholeAnswer(message: Message): boolean {
  return message.complete === true || !isStreamMessage(message);
}

/** Whether a stream's last message shows a request without tools that no router has sent. */
export function isAskedWithoutTools(message: StreamMessage): boolean {
  const { request } = message;
  return isObject(request) && request["tools"] === undefined && readTags(message).length === 0;
}
