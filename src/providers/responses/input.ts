import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { buildAssistantItems, type EchoRules, type InputItem, isCall } from "./assistant-items.js";
import { buildInputParts, type WirePart } from "./content.js";
import { type ResponsesService, USE_CHAT_ADVICE } from "./traits.js";

const PROMPT_ROLES: ReadonlySet<string> = new Set(["system", "developer", "user"]);

/**
 * Translates a conversation of Chat Completions into the items of a Responses request (OpenAI API reference, "Create a
 * model response", `input`).
 * @throws Failure `invalid_request` that names what cannot be sent, and in which message
 */
export function buildInput(
  service: ResponsesService,
  messages: readonly ChatMessage[],
  rules: EchoRules,
): InputItem[] {
  /** The calls so far, by their ids. An id may come again in a later answer. */
  const calls = new Map<unknown, InputItem>();
  const items = messages.flatMap((message, index): InputItem[] => {
    const place = `Message ${index}`;
    const { role } = message;
    if (PROMPT_ROLES.has(role)) return buildPromptItems(service.name, message, place);
    if (role === "tool") return [buildResultItem(service.name, message, place, calls)];
    if (role !== "assistant")
      throw createUnsupportedFailure(service.name, `the role "${role}" (${place})`, USE_CHAT_ADVICE);
    const answer = buildAssistantItems(service, message, place, rules);
    for (const item of answer) if (isCall(item)) calls.set(item["call_id"], item);
    return answer;
  });
  if (isPrefill(items)) {
    throw createUnsupportedFailure(
      service.name,
      "an answer to continue (the last message is one of the assistant)",
      "Add a message of the user, or set API of the provider to Chat Completions.",
    );
  }
  return dropCompacted(items);
}

/** Whether the conversation ends with an answer, which a service would not continue but repeat. */
function isPrefill(items: readonly InputItem[]): boolean {
  const last = items.at(-1);
  return last?.["type"] === "message" && last["role"] === "assistant";
}

function buildPromptItems(service: string, message: ChatMessage, place: string): InputItem[] {
  const { role, content } = message;
  if (typeof content === "string") return [{ type: "message", role, content }];
  const parts = buildInputParts(service, message, place);
  return parts.length > 0 ? [{ type: "message", role, content: parts }] : [];
}

function buildResultItem(
  service: string,
  message: ChatMessage,
  place: string,
  calls: ReadonlyMap<unknown, InputItem>,
): InputItem {
  const { tool_call_id: id, content } = message;
  if (typeof id !== "string") {
    throw new Failure(
      "invalid_request",
      `${place} is a tool result without a tool_call_id. Set it to the id of the call.`,
    );
  }
  const { type: callType, caller } = calls.get(id) ?? {};
  const type = callType === "custom_tool_call" ? "custom_tool_call_output" : "function_call_output";
  const output: string | WirePart[] =
    typeof content === "string" ? content : buildInputParts(service, message, place);
  return {
    type,
    call_id: id,
    ...(caller === undefined ? {} : { caller }),
    output: output.length === 0 ? "" : output,
  };
}

/** Drops what a compaction stands for: everything before it but the instructions. */
function dropCompacted(items: readonly InputItem[]): InputItem[] {
  const at = items.findLastIndex(({ type }) => type === "compaction");
  return items.filter(({ role }, position) => position >= at || role === "system" || role === "developer");
}
