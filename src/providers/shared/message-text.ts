import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { contentParts, described, type Part } from "./content-parts.js";
import { cannotSend } from "./unsupported.js";

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

/** What an assistant said, also where it declined or spoke. */
export function spokenText(service: string, message: ChatMessage, place: string): string {
  const text = onlyText(service, message, place);
  const audio = message["audio"];
  const instead = message["refusal"] ?? (isObject(audio) ? audio["transcript"] : undefined);
  return text === "" && typeof instead === "string" ? instead : text;
}
