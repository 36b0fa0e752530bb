import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "./unsupported.js";

/** A tool call of an earlier answer in the conversation. */
export interface PastCall {
  /** `""` if the call has none. */
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  /** The call as it stands in the conversation, with fields that only one service knows. */
  raw: Readonly<Record<string, unknown>>;
}

/**
 * Reads the tool calls of an assistant's message.
 * @throws Failure `invalid_request` for a call that is not a function call
 */
export function readPastCalls(service: string, message: ChatMessage, place: string): PastCall[] {
  const calls = message["tool_calls"];
  return (Array.isArray(calls) ? calls : []).map((call: unknown) => {
    const called = isObject(call) ? call["function"] : undefined;
    if (!isObject(call) || !isObject(called) || typeof called["name"] !== "string") {
      throw createUnsupportedFailure(service, `a tool call that is not a function call (${place})`);
    }
    return {
      id: typeof call["id"] === "string" ? call["id"] : "",
      name: called["name"],
      arguments: parseCallArguments(called["arguments"]),
      raw: call,
    };
  });
}

/** Finds the tool that a result belongs to: some services want its name on each result. */
export class CallNames {
  private readonly names = new Map<string, string>();

  /** Remembers the names of the calls by their ids. */
  add(calls: readonly PastCall[]): void {
    for (const { id, name } of calls) this.names.set(id, name);
  }

  /**
   * Finds the tool's name: that of the call with the result's id, else the name on the result itself.
   * @throws Failure `invalid_request` if there is neither
   */
  find(message: ChatMessage, place: string): string {
    const id = message["tool_call_id"];
    const name = (typeof id === "string" ? this.names.get(id) : undefined) ?? message["name"];
    if (typeof name === "string" && name !== "") return name;
    throw new Failure(
      "invalid_request",
      `${place} is a tool result, but no tool call before it has the id ${JSON.stringify(id ?? null)}. Keep the message with the call in the conversation.`,
    );
  }
}

/**
 * Parses the arguments of a tool call. Arguments that are not a JSON object are wrapped in `INVALID_JSON`, as in
 * Anthropic's guide to fine-grained tool streaming: the call and the error that answered it stay in the conversation.
 */
export function parseCallArguments(text: unknown): Record<string, unknown> {
  if (isObject(text)) return text;
  if (typeof text !== "string" || text.trim() === "") return {};
  const value = tryParseJson(text);
  return isObject(value) ? value : { INVALID_JSON: text };
}
