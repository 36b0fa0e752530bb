import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { cannotSend, emptyPromptFailure } from "../shared/unsupported.js";
import { assistantBlocks, toolId, withoutPending } from "./assistant-blocks.js";
import { ANTHROPIC_NAME, type Block, blocksOf, simplified } from "./content-blocks.js";

interface Turn {
  role: "user" | "assistant";
  blocks: Block[];
}

/** What a conversation is in a request of the Messages API. */
export interface AnthropicConversation {
  system?: string | Block[];
  messages: { role: string; content: string | Block[] }[];
}

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
    else throw cannotSend(ANTHROPIC_NAME, `the role "${role}" (${place})`);
  }
  const last = turns.at(-1);
  if (last?.role === "assistant") trimEnd(turns, last);
  if (turns.length === 0) throw emptyPromptFailure(ANTHROPIC_NAME);
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
    throw cannotSend(
      ANTHROPIC_NAME,
      `a part of type ${String(other["type"])} in a system message (${place})`,
    );
  return blocks;
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
