import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { type ContentPart, describePart, readContentParts } from "./content-parts.js";
import { createUnsupportedFailure } from "./unsupported.js";

/**
 * The text of a message whose other parts have been dealt with; several text parts are a line each.
 * @param parts the message's
 */
export function joinText(parts: readonly ContentPart[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

/** The text of a message that can be nothing else. @throws Failure `invalid_request` */
export function requireText(service: string, message: ChatMessage, place: string): string {
  const parts = readContentParts(message, place);
  const other = parts.find(({ kind }) => kind !== "text");
  if (other)
    throw createUnsupportedFailure(
      service,
      `${describePart(other)} in a message of the role ${message.role} (${place})`,
    );
  return joinText(parts);
}

/** What an assistant said, also where it declined or spoke. */
export function readAnswerText(service: string, message: ChatMessage, place: string): string {
  const text = requireText(service, message, place);
  const audio = message["audio"];
  const instead = message["refusal"] ?? (isObject(audio) ? audio["transcript"] : undefined);
  return text === "" && typeof instead === "string" ? instead : text;
}
