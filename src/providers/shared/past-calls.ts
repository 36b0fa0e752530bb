import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "./unsupported.js";

/** A tool call of an earlier answer. */
export interface PastCall {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  /** The call as it stands in the conversation, with what one service alone has put there. */
  raw: Readonly<Record<string, unknown>>;
}

/** The tool calls of an assistant's message. @throws Failure `invalid_request` for one that is not a function's */
export function readPastCalls(service: string, message: ChatMessage, place: string): PastCall[] {
  const calls = message["tool_calls"];
  return (Array.isArray(calls) ? calls : []).map((call: unknown) => {
    const said = isObject(call) ? call["function"] : undefined;
    if (!isObject(call) || !isObject(said) || typeof said["name"] !== "string") {
      throw createUnsupportedFailure(service, `a tool call that is not a function's (${place})`);
    }
    return {
      id: typeof call["id"] === "string" ? call["id"] : "",
      name: said["name"],
      arguments: parseCallArguments(said["arguments"]),
      raw: call,
    };
  });
}

/** Knows which tool a result is from: services that go by names want that on each result. */
export class CallNames {
  private readonly names = new Map<string, string>();

  add(calls: readonly PastCall[]): void {
    for (const { id, name } of calls) this.names.set(id, name);
  }

  /** @throws Failure `invalid_request` for a result of a call that nobody made */
  find(message: ChatMessage, place: string): string {
    const id = message["tool_call_id"];
    const name = (typeof id === "string" ? this.names.get(id) : undefined) ?? message["name"];
    if (typeof name === "string" && name !== "") return name;
    throw new Failure(
      "invalid_request",
      `${place} is a tool's result, but no tool call before it has the id ${JSON.stringify(id ?? null)}.`,
    );
  }
}

/**
 * The arguments of a tool call in the conversation, as the object that they are the JSON text of. What a model wrote
 * wrongly has been answered with an error, and both must stay in the conversation: such a text is wrapped, as Anthropic's
 * documentation of fine-grained tool streaming has it.
 */
export function parseCallArguments(text: unknown): Record<string, unknown> {
  if (isObject(text)) return text;
  if (typeof text !== "string" || text.trim() === "") return {};
  const value = tryParseJson(text);
  return isObject(value) ? value : { INVALID_JSON: text };
}
