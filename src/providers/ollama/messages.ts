import type { ChatMessage } from "../../core/chat/chunk.js";
import { describePart, readContentParts } from "../shared/content-parts.js";
import { joinText, readAnswerText, requireText } from "../shared/message-text.js";
import { CallNames, readPastCalls } from "../shared/past-calls.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
/** The service's name in error messages. */
export const OLLAMA_NAME = "Ollama";

/**
 * Translates a conversation of Chat Completions for Ollama: one text per message, images beside it, arguments of tool
 * calls as objects.
 * @throws Failure `invalid_request` that names what cannot be sent, and in which message
 */
export function buildOllamaMessages(messages: readonly ChatMessage[]): object[] {
  const names = new CallNames();
  return messages.map((message, index) => {
    const place = `Message ${index}`;
    switch (message.role) {
      case "system":
      case "developer":
        return { role: "system", content: requireText(OLLAMA_NAME, message, place) };
      case "user":
        return buildUserMessage(message, place);
      case "assistant":
        return buildAssistantMessage(message, names, place);
      case "tool":
        return buildToolMessage(message, names, place);
      default:
        throw createUnsupportedFailure(OLLAMA_NAME, `the role "${message.role}" (${place})`);
    }
  });
}

function buildUserMessage(message: ChatMessage, place: string): object {
  const parts = readContentParts(message, place);
  const images = parts.flatMap((part) => {
    if (part.kind === "text") return [];
    if (part.kind !== "image") {
      throw createUnsupportedFailure(
        OLLAMA_NAME,
        `${describePart(part)} (${place})`,
        "Send text and images.",
      );
    }
    if (part.data) return [part.data.base64];
    throw createUnsupportedFailure(
      OLLAMA_NAME,
      `an image by its address (${place})`,
      "Send it as a data URL.",
    );
  });
  return { role: "user", content: joinText(parts), ...(images.length > 0 ? { images } : {}) };
}

function buildAssistantMessage(message: ChatMessage, names: CallNames, place: string): object {
  const calls = readPastCalls(OLLAMA_NAME, message, place);
  names.add(calls);
  const thinking = message["reasoning_content"];
  return {
    role: "assistant",
    content: readAnswerText(OLLAMA_NAME, message, place),
    ...(typeof thinking === "string" && thinking !== "" ? { thinking } : {}),
    ...(calls.length > 0
      ? {
          tool_calls: calls.map(({ id, name, arguments: args }) => ({
            ...(id === "" ? {} : { id }),
            function: { name, arguments: args },
          })),
        }
      : {}),
  };
}

function buildToolMessage(message: ChatMessage, names: CallNames, place: string): object {
  const id = message["tool_call_id"];
  return {
    role: "tool",
    content: requireText(OLLAMA_NAME, message, place),
    tool_name: names.find(message, place),
    ...(typeof id === "string" && id !== "" ? { tool_call_id: id } : {}),
  };
}
