import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { type ContentPart, describePart, readContentParts } from "./content-parts.js";
import { createUnsupportedFailure } from "./unsupported.js";

/** Joins the text parts of a message, one per line, and skips its other parts. */
export function joinText(parts: readonly ContentPart[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

/**
 * Reads the text of a message that may hold nothing else.
 * @throws Failure `invalid_request` if it has a part that is not text
 */
export function requireText(service: string, message: ChatMessage, place: string): string {
  const parts = readContentParts(message, place);
  const other = parts.find(({ kind }) => kind !== "text");
  if (other) {
    throw createUnsupportedFailure(
      service,
      `${describePart(other)} in a message of the role ${message.role} (${place})`,
    );
  }
  return joinText(parts);
}

/**
 * Reads what an assistant said: its text, else its refusal, else the transcript of its audio.
 * @throws Failure `invalid_request` if it has a content part that is not text
 */
export function readAnswerText(service: string, message: ChatMessage, place: string): string {
  const text = requireText(service, message, place);
  return text === "" ? (findTextBesideContent(message) ?? "") : text;
}

/** Finds the text of an assistant's message that has no content: its refusal, else the transcript of its audio. */
export function findTextBesideContent(message: ChatMessage): string | undefined {
  const audio = message["audio"];
  const text = message["refusal"] ?? (isObject(audio) ? audio["transcript"] : undefined);
  return typeof text === "string" ? text : undefined;
}
