import type { ChatMessage } from "../../core/chat/chunk.js";
import {
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  ANTHROPIC_REASONING,
  readEchoParts,
} from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";
import { findTextBesideContent } from "../shared/message-text.js";
import { readPastCalls } from "../shared/past-calls.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { ANTHROPIC_NAME, buildContentBlocks, type ContentBlock, pickCacheControl } from "./content-blocks.js";

/**
 * Builds the blocks of an assistant's message in the order in which they were generated. If that order is unknown:
 * thinking, text, blocks of Anthropic's own tools, tool calls.
 * @throws Failure `invalid_request` for anything that cannot be sent
 */
export function buildAssistantBlocks(message: ChatMessage, place: string): ContentBlock[] {
  const thinking = buildThinkingBlocks(message);
  const ownBlocks = readEchoParts(message, ANTHROPIC_BLOCKS).map(emptySummary);
  const calls = readPastCalls(ANTHROPIC_NAME, message, place).map(
    ({ id, name, arguments: input, raw }): ContentBlock => ({
      type: "tool_use",
      id: toToolId(id),
      name,
      input,
      ...pickOrigin(raw),
    }),
  );
  const orderedBlocks = restoreOrder(message, { thinking, block: ownBlocks, tool_use: calls });
  return orderedBlocks ?? [...thinking, ...buildTextBlocks(message, place), ...ownBlocks, ...calls];
}

/**
 * Picks what Anthropic wants back of a call (SDK 1.14, `ToolUseBlockParam`): the toolset that its name belongs to, and the
 * code of Anthropic's that called, if the model did not.
 */
function pickOrigin({ caller, toolset_name: toolset }: Readonly<Record<string, unknown>>): ContentBlock {
  const isCode = isObject(caller) && /^code_execution/.test(String(caller["type"]));
  return { ...(isCode ? { caller } : {}), ...(typeof toolset === "string" ? { toolset_name: toolset } : {}) };
}

/**
 * Builds the blocks in the order that the message records in `anthropic_order`: names of block kinds, and for the text
 * numbers of characters or objects with the sources.
 * @param blocksByKind all blocks except the text, by the names that the order uses
 * @returns undefined if there is no order, or if it does not fit because a flow changed the text or joined two answers
 */
function restoreOrder(
  message: ChatMessage,
  blocksByKind: Readonly<Record<string, readonly ContentBlock[]>>,
): ContentBlock[] | undefined {
  const { [ANTHROPIC_ORDER]: order, content } = message;
  const text = content ?? "";
  if (!Array.isArray(order) || typeof text !== "string") return undefined;
  const remaining = new Map<unknown, ContentBlock[]>(
    Object.entries(blocksByKind).map(([kind, list]) => [kind, [...list]]),
  );
  const blocks: ContentBlock[] = [];
  let position = 0;
  for (const entry of order) {
    const cited = readCitedText(entry);
    if (cited) {
      const piece = text.slice(position, position + cited.length);
      if (piece.length !== cited.length) return undefined;
      position += cited.length;
      if (piece.trim() !== "") blocks.push({ type: "text", text: piece, ...cited.sources });
    } else {
      const block = remaining.get(entry)?.shift();
      if (!block) return undefined;
      blocks.push(block);
    }
  }
  if (position < text.length || [...remaining.values()].some((list) => list.length > 0)) return undefined;
  // Copied, since the last text may be one of the message's own blocks, which must not change.
  const last = blocks.findLastIndex(({ type }) => type === "text");
  if (last >= 0) blocks[last] = { ...blocks[last], ...pickCacheControl(message) };
  return blocks;
}

/** Reads an entry that stands for text. @returns undefined for any other entry */
function readCitedText(entry: unknown): { length: number; sources: ContentBlock } | undefined {
  if (typeof entry === "number") return { length: entry, sources: {} };
  if (!isObject(entry) || typeof entry["text"] !== "number") return undefined;
  const { text: length, citations } = entry;
  return { length, sources: Array.isArray(citations) ? { citations } : {} };
}

/** Drops calls of Anthropic's own tools that have no result: the answer stopped there, and the user went on without it. */
export function dropPendingToolUses(blocks: ContentBlock[]): ContentBlock[] {
  const answeredIds = new Set(blocks.map((block) => block["tool_use_id"]));
  // The blocks have travelled through a flow, so their type may be any value.
  const isToolUse = ({ type }: ContentBlock) => typeof type === "string" && type.endsWith("_tool_use");
  return blocks.filter((block) => !isToolUse(block) || answeredIds.has(block["id"]));
}

function buildTextBlocks(message: ChatMessage, place: string): ContentBlock[] {
  const blocks = buildContentBlocks(message, place);
  if (blocks.length > 0) return blocks;
  const text = findTextBesideContent(message);
  if (text !== undefined) return buildContentBlocks({ role: "assistant", content: text }, place);
  if (message["audio"]) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `an answer that is only audio (${place})`,
      "Send its transcript as text.",
    );
  }
  return [];
}

/** Anthropic refuses a summary of the conversation that is an empty text, and takes one that is null. */
function emptySummary(block: ContentBlock): ContentBlock {
  return block["type"] === "compaction" && block["content"] === "" ? { ...block, content: null } : block;
}

/** Builds the blocks of Anthropic's own thinking. Thinking of other services is left out: its signature would be refused. */
function buildThinkingBlocks(message: ChatMessage): ContentBlock[] {
  const details = message["reasoning_details"];
  if (!Array.isArray(details)) return [];
  return details.flatMap((detail): ContentBlock[] => {
    if (!isObject(detail) || detail["format"] !== ANTHROPIC_REASONING) return [];
    const { type, text, signature, data } = detail;
    if (type === "reasoning.encrypted") return [{ type: "redacted_thinking", data }];
    return [{ type: "thinking", thinking: text, ...(signature === undefined ? {} : { signature }) }];
  });
}

/** Replaces characters of other services' ids that Anthropic refuses. The ids of a call and its result stay equal. */
export function toToolId(id: string): string {
  return id.replace(/[^\w-]/g, "_");
}
