import type { ChatMessage } from "../../core/chat/chunk.js";
import {
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  ANTHROPIC_REASONING,
  keptIn,
} from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";
import { readPastCalls } from "../shared/past-calls.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { ANTHROPIC_NAME, buildContentBlocks, type ContentBlock, pickCacheControl } from "./content-blocks.js";

/** As it was said; where that is not known: thinking, the text, what the service's own tools did, the calls. */
export function buildAssistantBlocks(message: ChatMessage, place: string): ContentBlock[] {
  const thinking = buildThinkingBlocks(message);
  const own = keptIn(message, ANTHROPIC_BLOCKS);
  const calls = readPastCalls(ANTHROPIC_NAME, message, place).map(
    ({ id, name, arguments: input }): ContentBlock => ({ type: "tool_use", id: toToolId(id), name, input }),
  );
  const inOrder = restoreOrder(message, { thinking, block: own, tool_use: calls });
  return inOrder ?? [...thinking, ...buildTextBlocks(message, place), ...own, ...calls];
}

/**
 * @param kinds all blocks but those of the text, by their words in the order
 * @returns undefined where the order is not told, or is another answer's: a flow has changed the text, or joined two
 */
function restoreOrder(
  message: ChatMessage,
  kinds: Readonly<Record<string, readonly ContentBlock[]>>,
): ContentBlock[] | undefined {
  const { [ANTHROPIC_ORDER]: order, content } = message;
  const said = content ?? "";
  if (!Array.isArray(order) || typeof said !== "string") return undefined;
  const left = new Map<unknown, ContentBlock[]>(
    Object.entries(kinds).map(([kind, list]) => [kind, [...list]]),
  );
  const blocks: ContentBlock[] = [];
  let at = 0;
  for (const entry of order) {
    if (typeof entry === "number") {
      const piece = said.slice(at, at + entry);
      if (piece.length !== entry) return undefined;
      at += entry;
      if (piece.trim() !== "") blocks.push({ type: "text", text: piece });
    } else {
      const block = left.get(entry)?.shift();
      if (!block) return undefined;
      blocks.push(block);
    }
  }
  if (at < said.length || [...left.values()].some((list) => list.length > 0)) return undefined;
  // A kept block may call itself a text, and is the author's.
  const last = blocks.findLastIndex(({ type }) => type === "text");
  if (last >= 0) blocks[last] = { ...blocks[last], ...pickCacheControl(message) };
  return blocks;
}

/** What its own tools were about to do when the answer was paused or cut, and the user said something else. */
export function dropPendingToolUses(blocks: ContentBlock[]): ContentBlock[] {
  const done = new Set(blocks.map((block) => block["tool_use_id"]));
  // What is kept has travelled through a flow, and may be anything.
  const uses = ({ type }: ContentBlock) => typeof type === "string" && type.endsWith("_tool_use");
  return blocks.filter((block) => !uses(block) || done.has(block["id"]));
}

function buildTextBlocks(message: ChatMessage, place: string): ContentBlock[] {
  const blocks = buildContentBlocks(message, place);
  if (blocks.length > 0) return blocks;
  const audio = message["audio"];
  const instead = message["refusal"] ?? (isObject(audio) ? audio["transcript"] : undefined);
  if (typeof instead === "string") return buildContentBlocks({ role: "assistant", content: instead }, place);
  if (audio) throw createUnsupportedFailure(ANTHROPIC_NAME, `an answer that is only audio (${place})`);
  return [];
}

/** Thinking of other services' models is not sent: they alone can read its signature. */
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

/** Ids that other services gave have characters that this one refuses; call and result change alike. */
export function toToolId(id: string): string {
  return id.replace(/[^\w-]/g, "_");
}
