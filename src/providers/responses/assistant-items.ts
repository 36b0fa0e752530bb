import type { ChatMessage } from "../../core/chat/chunk.js";
import { RESPONSES_ITEMS, RESPONSES_ORDER, readEchoParts } from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";
import { isProgram } from "../../core/tools/caller.js";
import { requireText } from "../shared/message-text.js";
import { omitNulls } from "../shared/parameters.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import type { ResponsesService } from "./traits.js";

/** An item of a conversation as Responses has it. */
export type InputItem = Record<string, unknown>;

/** What of an earlier answer goes back to its service. */
export interface EchoRules {
  /** Whether the service keeps the conversation, so that it knows the ids of its items and takes back its own tools. */
  isStored: boolean;
  /** Whether the reasoning is left out. */
  dropsReasoning: boolean;
  /** Whether the phases of the messages are left out. */
  dropsPhase: boolean;
}

/**
 * Builds the items of an assistant's message in the order in which they were generated. If that order is unknown:
 * reasoning, text, items of the service's own tools, tool calls.
 * @throws Failure `invalid_request` for anything that cannot be sent
 */
export function buildAssistantItems(
  service: ResponsesService,
  message: ChatMessage,
  place: string,
  rules: EchoRules,
): InputItem[] {
  const kinds = {
    reasoning: buildReasoningItems(service, message, rules),
    call: buildCallItems(service.name, message, place),
  };
  const own = message[RESPONSES_ITEMS];
  const items = restoreOrder(message, kinds, isObject(own) ? own : {}, rules.dropsPhase) ?? [
    ...kinds.reasoning,
    ...buildMessageItems(service.name, message, place),
    ...readEchoParts(message, RESPONSES_ITEMS),
    ...kinds.call,
  ];
  const kept = dropOrphanedReasoning(items, rules);
  if (!service.callsLast) return kept;
  return [...kept.filter((item) => !isCall(item)), ...kept.filter(isCall)];
}

/** Whether an item calls a tool of the author. */
export function isCall({ type }: InputItem): boolean {
  return type === "function_call" || type === "custom_tool_call";
}

/**
 * Items of the service's own tools that it takes back as they came, although it has not stored them: programs that call
 * the author's tools, and tools that it looked up (@ai-sdk/openai 4.0.118).
 */
const REPLAYED: ReadonlySet<unknown> = new Set([
  "program",
  "program_output",
  "tool_search_call",
  "tool_search_output",
]);

/**
 * Leaves out what the service would refuse: items of its own tools that it has not stored, and reasoning that no item
 * follows. A compaction can be read by its service alone, like reasoning.
 */
function dropOrphanedReasoning(
  items: readonly InputItem[],
  { isStored, dropsReasoning }: EchoRules,
): InputItem[] {
  const kept: InputItem[] = [];
  let isFollowed = false;
  for (const item of items.toReversed()) {
    const { type } = item;
    const isOwn = type !== "message" && type !== "reasoning" && type !== "compaction" && !isCall(item);
    if (type === "reasoning") {
      if (isFollowed) kept.push(item);
    } else if (type === "compaction") {
      if (!dropsReasoning) kept.push(omitNulls(item));
    } else {
      // A search that waits for the author's answer would be refused without it.
      const isReplayed = REPLAYED.has(type) && item["execution"] !== "client";
      isFollowed = !isOwn || isStored || isReplayed;
      if (isFollowed) kept.push(isOwn ? omitNulls(item) : item);
    }
  }
  return kept.reverse();
}

/**
 * Builds the items in the order that the message records in `responses_order`.
 * @returns undefined if there is no order, or if it does not fit because a flow changed the text or joined two answers
 */
function restoreOrder(
  message: ChatMessage,
  kinds: Readonly<Record<"reasoning" | "call", readonly InputItem[]>>,
  own: Readonly<Record<string, unknown>>,
  dropsPhase: boolean,
): InputItem[] | undefined {
  const { [RESPONSES_ORDER]: order, content } = message;
  const text = content ?? "";
  if (!Array.isArray(order) || typeof text !== "string") return undefined;
  const remaining = { reasoning: [...kinds.reasoning], call: [...kinds.call] };
  const items: InputItem[] = [];
  let position = 0;
  for (const entry of order) {
    // Reasoning may have been left out on its way.
    if (entry === "reasoning") items.push(...remaining.reasoning.splice(0, 1));
    else if (entry === "call") {
      const call = remaining.call.shift();
      if (!call) return undefined;
      items.push(call);
    } else if (isObject(entry) && typeof entry["text"] === "number") {
      const piece = text.slice(position, position + entry["text"]);
      if (piece.length !== entry["text"]) return undefined;
      position += piece.length;
      const { phase } = entry;
      items.push(buildTextItem(piece, typeof phase === "string" && !dropsPhase ? { phase } : {}));
    } else {
      const item = isObject(entry) ? own[String(entry["item"])] : undefined;
      if (isObject(item)) items.push(item);
    }
  }
  return position < text.length || remaining.call.length > 0 ? undefined : items;
}

function buildTextItem(text: string, more: InputItem = {}): InputItem {
  return { type: "message", role: "assistant", content: [{ type: "output_text", text }], ...more };
}

/** Builds the message of an answer: its text, else its refusal, else the transcript of its sound. */
function buildMessageItems(service: string, message: ChatMessage, place: string): InputItem[] {
  const text = requireText(service, message, place);
  if (text !== "") return [buildTextItem(text)];
  const { refusal, audio } = message;
  if (typeof refusal === "string" && refusal !== "") {
    return [{ type: "message", role: "assistant", content: [{ type: "refusal", refusal }] }];
  }
  const transcript = isObject(audio) ? audio["transcript"] : undefined;
  return typeof transcript === "string" && transcript !== "" ? [buildTextItem(transcript)] : [];
}

function buildCallItems(service: string, message: ChatMessage, place: string): InputItem[] {
  const calls = message["tool_calls"];
  return (Array.isArray(calls) ? calls : []).map((call: unknown) => {
    const { id, function: called, custom, namespace, caller } = isObject(call) ? call : {};
    const head = {
      call_id: id,
      ...(typeof namespace === "string" ? { namespace } : {}),
      ...(isProgram(caller) ? { caller } : {}),
    };
    if (isObject(custom)) {
      return { type: "custom_tool_call", ...head, name: custom["name"], input: custom["input"] ?? "" };
    }
    if (!isObject(called) || typeof called["name"] !== "string") {
      throw createUnsupportedFailure(service, `a tool call without a function (${place})`);
    }
    const { name, arguments: args } = called;
    const text = typeof args === "string" ? args : JSON.stringify(args ?? {});
    return { type: "function_call", ...head, name, arguments: text === "" ? "{}" : text };
  });
}

/** Matches the formats of entries in `reasoning_details` that come from a Responses service, as OpenRouter names them. */
const RESPONSES_FORMAT = /-responses-v\d+$/;

/** Builds the reasoning that the service can read. Entries with one index are one item. */
function buildReasoningItems(
  service: ResponsesService,
  message: ChatMessage,
  { isStored, dropsReasoning }: EchoRules,
): InputItem[] {
  const details = message["reasoning_details"];
  if (!Array.isArray(details) || dropsReasoning) return [];
  const items = new Map<unknown, InputItem>();
  for (const detail of details) {
    if (!isObject(detail) || !RESPONSES_FORMAT.test(String(detail["format"]))) continue;
    const { type, index, id, summary, data, text } = detail;
    let item = items.get(index);
    if (!item) {
      item = { type: "reasoning", summary: [] };
      items.set(index, item);
    }
    // Without stored items, an id would be refused.
    if (isStored && typeof id === "string") item["id"] = id;
    if (service.reasoningStatus) item["status"] = service.reasoningStatus;
    if (type === "reasoning.summary") item["summary"] = [{ type: "summary_text", text: summary }];
    else if (type === "reasoning.encrypted") item["encrypted_content"] = data;
    else if (type === "reasoning.text") item["content"] = [{ type: "reasoning_text", text }];
  }
  return [...items.values()].filter(
    (item) => "encrypted_content" in item || ("content" in item && !service.refusesPlainReasoning),
  );
}
