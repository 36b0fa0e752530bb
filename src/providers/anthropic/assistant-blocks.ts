import type { ChatMessage } from "../../core/chat/chunk.js";
import {
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  ANTHROPIC_REASONING,
  keptIn,
} from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";
import { pastCalls } from "../shared/past-calls.js";
import { cannotSend } from "../shared/unsupported.js";
import { ANTHROPIC_NAME, type Block, blocksOf, cacheOf } from "./content-blocks.js";

/** As it was said; where that is not known: thinking, the text, what the service's own tools did, the calls. */
export function assistantBlocks(message: ChatMessage, place: string): Block[] {
  const thinking = thinkingBlocks(message);
  const own = keptIn(message, ANTHROPIC_BLOCKS);
  const calls = pastCalls(ANTHROPIC_NAME, message, place).map(
    ({ id, name, arguments: input }): Block => ({ type: "tool_use", id: toolId(id), name, input }),
  );
  const inOrder = ordered(message, { thinking, block: own, tool_use: calls });
  return inOrder ?? [...thinking, ...spoken(message, place), ...own, ...calls];
}

/**
 * @param kinds all blocks but those of the text, by their words in the order
 * @returns undefined where the order is not told, or is another answer's: a flow has changed the text, or joined two
 */
function ordered(
  message: ChatMessage,
  kinds: Readonly<Record<string, readonly Block[]>>,
): Block[] | undefined {
  const { [ANTHROPIC_ORDER]: order, content } = message;
  const said = content ?? "";
  if (!Array.isArray(order) || typeof said !== "string") return undefined;
  const left = new Map<unknown, Block[]>(Object.entries(kinds).map(([kind, list]) => [kind, [...list]]));
  const blocks: Block[] = [];
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
  if (last >= 0) blocks[last] = { ...blocks[last], ...cacheOf(message) };
  return blocks;
}

/** What its own tools were about to do when the answer was paused or cut, and the user said something else. */
export function withoutPending(blocks: Block[]): Block[] {
  const done = new Set(blocks.map((block) => block["tool_use_id"]));
  // What is kept has travelled through a flow, and may be anything.
  const uses = ({ type }: Block) => typeof type === "string" && type.endsWith("_tool_use");
  return blocks.filter((block) => !uses(block) || done.has(block["id"]));
}

function spoken(message: ChatMessage, place: string): Block[] {
  const blocks = blocksOf(message, place);
  if (blocks.length > 0) return blocks;
  const audio = message["audio"];
  const instead = message["refusal"] ?? (isObject(audio) ? audio["transcript"] : undefined);
  if (typeof instead === "string") return blocksOf({ role: "assistant", content: instead }, place);
  if (audio) throw cannotSend(ANTHROPIC_NAME, `an answer that is only audio (${place})`);
  return [];
}

/** Thinking of other services' models is not sent: they alone can read its signature. */
function thinkingBlocks(message: ChatMessage): Block[] {
  const details = message["reasoning_details"];
  if (!Array.isArray(details)) return [];
  return details.flatMap((detail): Block[] => {
    if (!isObject(detail) || detail["format"] !== ANTHROPIC_REASONING) return [];
    const { type, text, signature, data } = detail;
    if (type === "reasoning.encrypted") return [{ type: "redacted_thinking", data }];
    return [{ type: "thinking", thinking: text, ...(signature === undefined ? {} : { signature }) }];
  });
}

/** Ids that other services gave have characters that this one refuses; call and result change alike. */
export function toolId(id: string): string {
  return id.replace(/[^\w-]/g, "_");
}
