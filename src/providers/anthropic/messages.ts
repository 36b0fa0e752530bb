import type { ChatMessage } from "../../core/chat/chunk.js";
import {
  ANTHROPIC_BLOCKS,
  ANTHROPIC_ORDER,
  ANTHROPIC_REASONING,
  keptIn,
} from "../../core/chat/vendor-echo.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { contentParts, type InlineData, type Part } from "../shared/content-parts.js";
import { pastCalls } from "../shared/past-calls.js";
import { cannotSend, emptyPromptFailure } from "../shared/unsupported.js";

/** A content block of the Messages API. */
export type Block = Record<string, unknown>;

interface Turn {
  role: "user" | "assistant";
  blocks: Block[];
}

/** What a conversation is in a request of the Messages API. */
export interface AnthropicConversation {
  system?: string | Block[];
  messages: { role: string; content: string | Block[] }[];
}

const SERVICE = "Anthropic";

const IMAGES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/**
 * A conversation of Chat Completions as the Messages API wants it (API reference, "Create a Message"): what the system
 * says stands apart, what one side says in a row is one message, results of tools come first in the user's.
 * @throws Failure `invalid_request` that names what cannot be sent
 */
export function anthropicConversation(messages: readonly ChatMessage[]): AnthropicConversation {
  const system: Block[] = [];
  const turns: Turn[] = [];
  for (const [at, message] of messages.entries()) {
    const place = `Message ${at}`;
    const { role } = message;
    if (role === "system" || role === "developer") system.push(...systemBlocks(message, place));
    else if (role === "assistant") {
      const blocks = assistantBlocks(message, place);
      add(turns, "assistant", messages[at + 1]?.role === "user" ? withoutPending(blocks) : blocks);
    } else if (role === "user") add(turns, "user", blocksOf(message, place));
    else if (role === "tool") add(turns, "user", [toolResult(message, place)]);
    else throw cannotSend(SERVICE, `the role "${role}" (${place})`);
  }
  const last = turns.at(-1);
  if (last?.role === "assistant") trimEnd(turns, last);
  if (turns.length === 0) throw emptyPromptFailure(SERVICE);
  return {
    ...(system.length > 0 ? { system: simplified(system, "\n\n") } : {}),
    messages: turns.map(({ role, blocks }) => ({ role, content: simplified(resultsFirst(role, blocks)) })),
  };
}

function add(turns: Turn[], role: Turn["role"], blocks: Block[]): void {
  const last = turns.at(-1);
  if (blocks.length === 0) return;
  if (last?.role === role) last.blocks.push(...blocks);
  else turns.push({ role, blocks });
}

/** Texts that need no blocks as one text. */
function simplified(blocks: Block[], separator?: string): string | Block[] {
  const plain = blocks.every((block) => block["type"] === "text" && Object.keys(block).length === 2);
  if (!plain || (separator === undefined && blocks.length > 1)) return blocks;
  return blocks.map((block) => block["text"]).join(separator);
}

/** The service refuses results that stand behind anything else. */
function resultsFirst(role: Turn["role"], blocks: Block[]): Block[] {
  if (role !== "user") return blocks;
  const isResult = (block: Block) => block["type"] === "tool_result";
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}

/** An answer that is to go on must not end in white space. */
function trimEnd(turns: Turn[], last: Turn): void {
  const block = last.blocks.at(-1)!;
  if (block["type"] !== "text" || typeof block["text"] !== "string") return;
  const text = block["text"].trimEnd();
  if (text !== "") last.blocks[last.blocks.length - 1] = { ...block, text };
  else if (last.blocks.length > 1) last.blocks.pop();
  else turns.pop();
}

function systemBlocks(message: ChatMessage, place: string): Block[] {
  const blocks = blocksOf(message, place);
  const other = blocks.find(({ type }) => type !== "text");
  if (other)
    throw cannotSend(SERVICE, `a part of type ${String(other["type"])} in a system message (${place})`);
  return blocks;
}

/** As it was said; where that is not known: thinking, the text, what the service's own tools did, the calls. */
function assistantBlocks(message: ChatMessage, place: string): Block[] {
  const thinking = thinkingBlocks(message);
  const own = keptIn(message, ANTHROPIC_BLOCKS);
  const calls = pastCalls(SERVICE, message, place).map(
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
function withoutPending(blocks: Block[]): Block[] {
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
  if (audio) throw cannotSend(SERVICE, `an answer that is only audio (${place})`);
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

function toolResult(message: ChatMessage, place: string): Block {
  if (typeof message["tool_call_id"] !== "string") {
    throw new Failure("invalid_request", `${place} is a tool's result without a tool_call_id.`);
  }
  const { cache_control: cache, ...block } = message;
  const content = blocksOf({ role: "tool", content: block.content }, place);
  return {
    type: "tool_result",
    tool_use_id: toolId(message["tool_call_id"]),
    ...(content.length > 0 ? { content: simplified(content) } : {}),
    ...(message["is_error"] === true ? { is_error: true } : {}),
    ...(cache ? { cache_control: cache } : {}),
  };
}

/** Ids that other services gave have characters that this one refuses; call and result change alike. */
function toolId(id: string): string {
  return id.replace(/[^\w-]/g, "_");
}

/** A message's content. A mark for the cache that is on the message is on its last block. */
function blocksOf(message: ChatMessage, place: string): Block[] {
  const blocks = contentParts(message, place).flatMap((part): Block[] => {
    const block = blockOf(part, place);
    return block ? [{ ...block, ...cacheOf(part.raw) }] : [];
  });
  const last = blocks.at(-1);
  if (last) Object.assign(last, cacheOf(message));
  return blocks;
}

function cacheOf(fields: Readonly<Record<string, unknown>>): Block {
  return fields["cache_control"] ? { cache_control: fields["cache_control"] } : {};
}

/** @returns undefined for a text that says nothing: the service refuses it */
function blockOf(part: Part, place: string): Block | undefined {
  switch (part.kind) {
    case "text":
      return part.text.trim() === "" ? undefined : { type: "text", text: part.text };
    case "image":
      return {
        type: "image",
        source: part.data ? imageSource(part.data, place) : { type: "url", url: part.url },
      };
    case "file":
      return fileBlock(part, place);
    case "audio":
    case "video":
      throw cannotSend(SERVICE, `${part.kind} (${place})`, "Send what is said in it as text.");
    case "other":
      // The author writes the service's own block: it knows more kinds than Chat Completions.
      if (part.type === "") throw cannotSend(SERVICE, `a content part without a type (${place})`);
      return { ...part.raw };
  }
}

function imageSource(data: InlineData, place: string): Block {
  const mediaType = data.mediaType === "image/jpg" ? "image/jpeg" : data.mediaType;
  if (!IMAGES.has(mediaType)) {
    throw cannotSend(
      SERVICE,
      `an image of type ${mediaType} (${place})`,
      "It takes JPEG, PNG, GIF and WebP.",
    );
  }
  return { type: "base64", media_type: mediaType, data: data.base64 };
}

function fileBlock({ name, url, id, data, raw }: Extract<Part, { kind: "file" }>, place: string): Block {
  const more = {
    ...(name ? { title: name } : {}),
    ...(raw["citations"] ? { citations: raw["citations"] } : {}),
  };
  const document = (source: Block): Block => ({ type: "document", source, ...more });
  if (id !== undefined) return document({ type: "file", file_id: id });
  if (url !== undefined) return document({ type: "url", url });
  const { mediaType, base64 } = data!;
  if (mediaType.startsWith("image/")) return { type: "image", source: imageSource(data!, place) };
  if (mediaType === "application/pdf")
    return document({ type: "base64", media_type: mediaType, data: base64 });
  if (mediaType.startsWith("text/") || mediaType === "application/json") {
    const text = Buffer.from(base64, "base64").toString();
    return document({ type: "text", media_type: "text/plain", data: text });
  }
  throw cannotSend(SERVICE, `a file of type ${mediaType} (${place})`, "It takes PDF, text and images.");
}
