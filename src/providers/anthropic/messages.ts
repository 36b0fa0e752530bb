import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { createEmptyPromptFailure, createUnsupportedFailure } from "../shared/unsupported.js";
import { buildAssistantBlocks, dropPendingToolUses, toToolId } from "./assistant-blocks.js";
import { ANTHROPIC_NAME, buildContentBlocks, type ContentBlock, simplifyTexts } from "./content-blocks.js";

/** Consecutive messages of one side as one message, as Anthropic wants them. */
interface JoinedMessage {
  role: "user" | "assistant";
  blocks: ContentBlock[];
}

/** The fields of a Messages API request that hold the conversation. */
export interface AnthropicConversation {
  system?: string | ContentBlock[];
  messages: { role: string; content: string | ContentBlock[] }[];
}

/**
 * Translates a conversation of Chat Completions for the Messages API (API reference, "Create a Message"). System messages
 * become a field of their own, consecutive messages of one side become one message, and tool results come first in the
 * user's message.
 * @throws Failure `invalid_request` that names what cannot be sent, and in which message
 */
export function buildAnthropicConversation(messages: readonly ChatMessage[]): AnthropicConversation {
  const system: ContentBlock[] = [];
  const joined: JoinedMessage[] = [];
  /** The toolsets of the calls so far, by the calls' ids. */
  const toolsets = new Map<unknown, unknown>();
  for (const [index, message] of messages.entries()) {
    const place = `Message ${index}`;
    const { role } = message;
    if (role === "system" || role === "developer") system.push(...buildSystemBlocks(message, place));
    else if (role === "assistant") {
      const blocks = buildAssistantBlocks(message, place);
      for (const { type, id, toolset_name } of blocks)
        if (type === "tool_use") toolsets.set(id, toolset_name);
      const isInterrupted = messages[index + 1]?.role === "user";
      addBlocks(joined, "assistant", isInterrupted ? dropPendingToolUses(blocks) : blocks);
    } else if (role === "user") addBlocks(joined, "user", buildContentBlocks(message, place));
    else if (role === "tool") addBlocks(joined, "user", [buildToolResult(message, toolsets, place)]);
    else throw createUnsupportedFailure(ANTHROPIC_NAME, `the role "${role}" (${place})`);
  }
  trimPrefill(joined);
  if (joined.length === 0) throw createEmptyPromptFailure(ANTHROPIC_NAME);
  return {
    ...(system.length > 0 ? { system: simplifyTexts(system, "\n\n") } : {}),
    messages: joined.map(({ role, blocks }) => ({
      role,
      content: simplifyTexts(moveResultsFirst(role, blocks)),
    })),
  };
}

function addBlocks(joined: JoinedMessage[], role: JoinedMessage["role"], blocks: ContentBlock[]): void {
  const last = joined.at(-1);
  if (blocks.length === 0) return;
  if (last?.role === role) last.blocks.push(...blocks);
  else joined.push({ role, blocks });
}

/** Anthropic refuses tool results that follow other blocks of the user's message. */
function moveResultsFirst(role: JoinedMessage["role"], blocks: ContentBlock[]): ContentBlock[] {
  if (role !== "user") return blocks;
  const isResult = (block: ContentBlock) => block["type"] === "tool_result";
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}

/** Anthropic refuses an answer to continue (prefill) that ends in white space, so it is cut off. */
function trimPrefill(joined: JoinedMessage[]): void {
  const last = joined.at(-1);
  if (last?.role !== "assistant") return;
  const block = last.blocks.at(-1)!;
  if (block["type"] !== "text" || typeof block["text"] !== "string") return;
  const text = block["text"].trimEnd();
  if (text !== "") last.blocks[last.blocks.length - 1] = { ...block, text };
  else if (last.blocks.length > 1) last.blocks.pop();
  else joined.pop();
}

function buildSystemBlocks(message: ChatMessage, place: string): ContentBlock[] {
  const blocks = buildContentBlocks(message, place);
  const other = blocks.find(({ type }) => type !== "text");
  if (other) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `a part of type ${String(other["type"])} in a system message (${place})`,
    );
  }
  return blocks;
}

function buildToolResult(
  message: ChatMessage,
  toolsets: ReadonlyMap<unknown, unknown>,
  place: string,
): ContentBlock {
  if (typeof message["tool_call_id"] !== "string") {
    throw new Failure(
      "invalid_request",
      `${place} is a tool result without a tool_call_id. Set it to the id of the call.`,
    );
  }
  const { cache_control: cache, ...rest } = message;
  const content = buildContentBlocks({ role: "tool", content: rest.content }, place);
  const id = toToolId(message["tool_call_id"]);
  const toolset = toolsets.get(id);
  return {
    type: "tool_result",
    tool_use_id: id,
    ...(toolset === undefined ? {} : { toolset_name: toolset }),
    ...(content.length > 0 ? { content: simplifyTexts(content) } : {}),
    ...(message["is_error"] === true ? { is_error: true } : {}),
    ...(cache ? { cache_control: cache } : {}),
  };
}
