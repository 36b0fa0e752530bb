import { Failure } from "../../core/failure.js";

/** What a router tells its author. */
export const LOST_CALL =
  "An answer came back from a tool's flow without msg.toolCall, so it is not known which call it answers. Keep the message and set its payload: in a function node “msg.payload = …; return msg;”.";
export const CAME_BACK =
  "A request of this node came back to it unanswered. Wire output 2 into a chat-stream, and its output into this node.";
export const FOREIGN_STREAM =
  "Ignored a stream requested by another tool-call-router. Give each router a chat-stream of its own.";
export const ORPHAN =
  "This stream belongs to a tool-call-router that no longer exists; its tool calls are answered here.";
export const NOTHING_CAME =
  "The request that was sent through output 2 got no answer. Wire output 2 into a chat-stream, and its output into this node.";
export const NO_END = "The stream's end never came. Let every message of the chat-stream reach this node.";

export const NO_CALLS =
  "The model's answer ended with tool calls, but no message had one, so no tool was called. If a node before this one removes msg.chunk, leave it on the messages.";

/** What the model reads of a call at an MCP server that was under way when Node-RED stopped. */
export const UNKNOWN_OUTCOME =
  "The flow was restarted while this tool was at work. It is not known whether the tool did its work, and it was not called again.";

export function createNoRequestFailure(): Failure {
  const text =
    "The stream's last message has no msg.request, so the tools' results cannot be sent back. Leave it on the message.";
  return new Failure("configuration", text, { phase: "end" });
}

export function createCutOffCallFailure(): Failure {
  const text =
    "The answer was cut off inside a tool call, so no tool was called. Allow more tokens, or ask for less at once.";
  return new Failure("interrupted", text, { phase: "end", retryable: false });
}

export function createRoundsFailure(maxRounds: number): Failure {
  const text = `The model has called tools ${maxRounds} times in a row and wants more. Its conversation is in msg.request; raise the limit of rounds if that is right.`;
  return new Failure("tool_rounds", text, { phase: "end" });
}

/**
 * @param names of the tools that gave no answer
 * @param maxWait milliseconds
 */
export function createExpiredFailure(names: readonly string[], maxWait: number): Failure {
  const text = `The run has waited ${maxWait / 3_600_000} h for: ${names.join(", ")}, and has expired. Answer sooner, or raise the hours for which runs are kept.`;
  return new Failure("timeout", text, { phase: "end", retryable: false });
}

/** @param wire the wire by which a request left that nobody works on */
export function describeUntaken(wire: string): string {
  return `The request that was sent through ${wire} was not taken by a chat-stream, or its stream did not come back. Wire output 2 into a chat-stream, and its output into this node.`;
}

export const BYPASSED =
  "An answer passed whose question did not go through this node, so the model was not offered the tools. Wire the question into this node, output 2 into the chat-stream, and its output into this node.";
