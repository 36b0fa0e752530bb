import type { Delta } from "../../core/chat/chunk.js";
import {
  RESPONSES_ORDER,
  RESPONSES_REASONING,
  type ResponsesOrderEntry,
} from "../../core/chat/vendor-echo.js";
import { toText } from "../wire-values.js";
import { CallItem } from "./call-item.js";
import { HostedItem } from "./hosted-item.js";
import { MessageItem } from "./message-item.js";
import { type OpenItem, readParts } from "./open-item.js";
import { ReasoningItem } from "./reasoning-item.js";

/**
 * Builds the fields of an answer that its service wants back on the next turn: the reasoning that only it can read, and
 * the order of the items. Items that were cut off are left out.
 * @param canCut whether the text of the answer can be cut into its messages again; they may have come mixed
 * @returns undefined if there is nothing to keep
 */
export function buildEchoDelta(items: readonly OpenItem[], canCut: boolean): Delta | undefined {
  const details: unknown[] = [];
  const order: ResponsesOrderEntry[] = [];
  for (const item of items) {
    if (item instanceof ReasoningItem) {
      const entries = buildReasoningDetails(item, order.filter((entry) => entry === "reasoning").length);
      if (entries.length > 0) order.push("reasoning");
      details.push(...entries);
    } else if (item instanceof MessageItem) addMessage(order, item);
    else if (item instanceof HostedItem) order.push({ item: item.key });
    else if (item instanceof CallItem && item.isSent) order.push("call");
  }
  const hasRefusal = items.some((item) => item instanceof MessageItem && item.hasRefusal);
  const needsOrder = canCut && !hasRefusal && !isUsual(order);
  if (details.length === 0 && !needsOrder) return undefined;
  return {
    ...(details.length > 0 ? { reasoning_details: details } : {}),
    ...(needsOrder ? { [RESPONSES_ORDER]: order } : {}),
  };
}

/** Adds a message to the order. Neighbouring messages without a phase are one text. */
function addMessage(order: ResponsesOrderEntry[], { phase, textLength: length }: MessageItem): void {
  if (length === 0) return;
  const last = order.at(-1);
  if (phase === "" && typeof last === "object" && "text" in last && last.phase === undefined) {
    last.text += length;
  } else order.push({ text: length, ...(phase === "" ? {} : { phase }) });
}

/** @param index the number of the reasoning item in the answer */
function buildReasoningDetails(item: ReasoningItem, index: number): unknown[] {
  const { item: wire, isIncomplete } = item;
  if (!wire || isIncomplete) return [];
  const id = toText(wire["id"]);
  const head = { format: RESPONSES_REASONING, index, ...(id === "" ? {} : { id }) };
  const encrypted = wire["encrypted_content"];
  if (typeof encrypted === "string" && encrypted !== "") {
    const summary = joinTexts(wire["summary"], "\n\n");
    return [
      ...(summary === "" ? [] : [{ type: "reasoning.summary", summary, ...head }]),
      { type: "reasoning.encrypted", data: encrypted, ...head },
    ];
  }
  const text = joinTexts(wire["content"], "");
  return text === "" ? [] : [{ type: "reasoning.text", text, ...head }];
}

function joinTexts(parts: unknown, separator: string): string {
  return readParts(parts)
    .map((part) => toText(part["text"]))
    .join(separator);
}

/** Whether an order says no more than an answer without one: reasoning, one text without a phase, own items, calls. */
function isUsual(order: readonly ResponsesOrderEntry[]): boolean {
  const ranks = order.map(getRank);
  return (
    ranks.every((rank, position) => position === 0 || ranks[position - 1]! <= rank) &&
    !order.some((entry) => typeof entry === "object" && "phase" in entry)
  );
}

function getRank(entry: ResponsesOrderEntry): number {
  if (entry === "reasoning") return 0;
  if (entry === "call") return 3;
  return "text" in entry ? 1 : 2;
}
