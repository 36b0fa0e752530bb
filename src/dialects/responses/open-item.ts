import type { Delta, Logprobs, ToolCallDelta } from "../../core/chat/chunk.js";
import { ENTRY_BYTES, estimateTextBytes } from "../../core/json/heap-size.js";
import { isObject } from "../../core/json/parse.js";
import type { HeldSize } from "../held-size.js";

/** An item of an answer as the service sends it (OpenAI API reference, "Responses", `output`). */
export type WireItem = Record<string, unknown>;

/** Receives the content of items. */
export interface ItemListener {
  /** Takes answer text. @param item the message that it belongs to */
  onText(text: string, item: OpenItem, logprobs?: Logprobs): void;
  /** Takes anything else. */
  onDelta(delta: Delta, logprobs?: Logprobs): void;
  onReasoning(text: string): void;
  onToolCall(piece: ToolCallDelta): void;
  /** Numbers the next tool call: 0, 1, 2 … in order of appearance. */
  takeCallIndex(): number;
  /** Whether the request has a tool of this name. */
  hasTool(name: string): boolean;
  /** Characters of the answer's text so far. */
  readonly textLength: number;
  /** Counts what the items keep. */
  readonly held: HeldSize;
  /** Whether any item has passed on reasoning. */
  readonly hasReasoning: boolean;
}

/** An item of an answer while it arrives. */
export abstract class OpenItem {
  /** `output_index`; undefined if the service sends none. Some services use one for several items. */
  index: number | undefined;
  /** Ids by which events have named the item, that of a call included. Some services send another one with each event. */
  readonly ids = new Set<string>();
  /** Whether the event that opens the item has come. Some services leave it out. */
  hasOpened = false;
  /** Whether the whole item has come. */
  isDone = false;
  /** Whether the item was cut off. */
  isIncomplete = false;
  /** Characters of the answer's text that came from this item. */
  textLength = 0;

  constructor(
    readonly type: string,
    protected readonly listener: ItemListener,
  ) {}

  /** Remembers a name of the item. */
  addId(id: unknown): void {
    if (typeof id !== "string" || id === "" || this.ids.has(id)) return;
    this.listener.held.add(ENTRY_BYTES + estimateTextBytes(id));
    this.ids.add(id);
  }

  /** Takes the item as it opens. It may have content already. */
  abstract open(item: WireItem): void;

  /** Takes the whole item, and passes on what is missing so far. Call it as often as it comes. */
  complete(item: WireItem): void {
    this.isDone = true;
    this.isIncomplete = item["status"] === "incomplete";
    this.addMissing(item);
  }

  protected abstract addMissing(item: WireItem): void;
}

/** Reads the token probabilities of an event or a part. */
export function readLogprobs(list: unknown): Logprobs | undefined {
  return Array.isArray(list) && list.length > 0 ? { content: list } : undefined;
}

/** Reads a list of parts. */
export function readParts(list: unknown): WireItem[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
