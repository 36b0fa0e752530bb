import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { cannotSend, contentParts, type Part, parsedArguments } from "./content.js";

/** A tool call of an earlier answer. */
export interface PastCall {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  /** The call as it stands in the conversation, with what one service alone has put there. */
  raw: Readonly<Record<string, unknown>>;
}

/** The tool calls of an assistant's message. @throws Failure `invalid_request` for one that is not a function's */
export function pastCalls(service: string, message: ChatMessage, place: string): PastCall[] {
  const calls = message["tool_calls"];
  return (Array.isArray(calls) ? calls : []).map((call: unknown) => {
    const said = isObject(call) ? call["function"] : undefined;
    if (!isObject(call) || !isObject(said) || typeof said["name"] !== "string") {
      throw cannotSend(service, `a tool call that is not a function's (${place})`);
    }
    return {
      id: typeof call["id"] === "string" ? call["id"] : "",
      name: said["name"],
      arguments: parsedArguments(said["arguments"]),
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
  of(message: ChatMessage, place: string): string {
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
 * The text of a message whose other parts have been dealt with; several text parts are a line each.
 * @param parts the message's
 */
export function joinedText(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

/** The text of a message that can be nothing else. @throws Failure `invalid_request` */
export function onlyText(service: string, message: ChatMessage, place: string): string {
  const parts = contentParts(message, place);
  const other = parts.find(({ kind }) => kind !== "text");
  if (other)
    throw cannotSend(service, `${described(other)} in a message of the role ${message.role} (${place})`);
  return joinedText(parts);
}

/** A part in words. */
export function described(part: Part): string {
  if (part.kind !== "other") return part.kind === "image" ? "an image" : `a part of type ${part.kind}`;
  return part.type === "" ? "a content part without a type" : `a content part of type ${part.type}`;
}

/** What an assistant said, also where it declined or spoke. */
export function spokenText(service: string, message: ChatMessage, place: string): string {
  const text = onlyText(service, message, place);
  const audio = message["audio"];
  const instead = message["refusal"] ?? (isObject(audio) ? audio["transcript"] : undefined);
  return text === "" && typeof instead === "string" ? instead : text;
}

/** A conversation of which nothing is left once what the service takes elsewhere, and what says nothing, is gone. */
export function emptyPromptFailure(service: string): Failure {
  return new Failure("invalid_request", `There is nothing to ask: ${service} needs a message of the user's.`);
}
