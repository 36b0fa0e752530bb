import type { ChatMessage } from "../../core/chat/chunk.js";
import { contentParts, described } from "../shared/content-parts.js";
import { joinedText, onlyText, spokenText } from "../shared/message-text.js";
import { CallNames, pastCalls } from "../shared/past-calls.js";
import { cannotSend } from "../shared/unsupported.js";
/** How error messages call the service. */
export const OLLAMA_NAME = "Ollama";

/** A conversation of Chat Completions as Ollama has it: one text a message, images beside it, arguments as objects. */
export function ollamaMessages(messages: readonly ChatMessage[]): object[] {
  const names = new CallNames();
  return messages.map((message, at) => {
    const place = `Message ${at}`;
    switch (message.role) {
      case "system":
      case "developer":
        return { role: "system", content: onlyText(OLLAMA_NAME, message, place) };
      case "user":
        return userMessage(message, place);
      case "assistant":
        return assistantMessage(message, names, place);
      case "tool":
        return toolResult(message, names, place);
      default:
        throw cannotSend(OLLAMA_NAME, `the role "${message.role}" (${place})`);
    }
  });
}

function userMessage(message: ChatMessage, place: string): object {
  const parts = contentParts(message, place);
  const images = parts.flatMap((part) => {
    if (part.kind === "text") return [];
    if (part.kind !== "image")
      throw cannotSend(OLLAMA_NAME, `${described(part)} (${place})`, "It takes text and images.");
    if (part.data) return [part.data.base64];
    throw cannotSend(OLLAMA_NAME, `an image by its address (${place})`, "Send it as a data URL.");
  });
  return { role: "user", content: joinedText(parts), ...(images.length > 0 ? { images } : {}) };
}

function assistantMessage(message: ChatMessage, names: CallNames, place: string): object {
  const calls = pastCalls(OLLAMA_NAME, message, place);
  names.add(calls);
  const thinking = message["reasoning_content"];
  return {
    role: "assistant",
    content: spokenText(OLLAMA_NAME, message, place),
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

function toolResult(message: ChatMessage, names: CallNames, place: string): object {
  const id = message["tool_call_id"];
  return {
    role: "tool",
    content: onlyText(OLLAMA_NAME, message, place),
    tool_name: names.of(message, place),
    ...(typeof id === "string" && id !== "" ? { tool_call_id: id } : {}),
  };
}
