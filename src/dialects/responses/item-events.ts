import type { Logprobs } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { toNumber, toText } from "../wire-values.js";
import { CallItem } from "./call-item.js";
import { HostedItem } from "./hosted-item.js";
import type { ItemList } from "./item-list.js";
import { type ContentKind, MessageItem } from "./message-item.js";
import { type OpenItem, readLogprobs } from "./open-item.js";
import { ReasoningItem } from "./reasoning-item.js";

/** An event of a Responses stream. */
export type WireEvent = Record<string, unknown>;

/** Matches the events of reasoning: how it is shown, and what the event does. */
const REASONING_EVENT = /^reasoning(|_text|_summary|_summary_text|_summary_part)\.(added|delta|done)$/;

/** Matches the events of the service's own tools: the type of the item, and its status or what the event adds. */
const HOSTED_EVENT = /^(\w+_call|mcp_list_tools)\.(\w+)$/;

/** Fields of such an event that are no part of the item. */
const PLACE_FIELDS = ["type", "item_id", "output_index", "sequence_number"];

/** Adds a delta to a text. */
export type AddDelta = (delta: string, logprobs?: Logprobs) => void;

/** Passes the events of items on to the items. */
export class ItemEvents {
  /** Adds a delta to the text that the latest delta was added to. Set by every event that is nothing but such a delta. */
  addDelta: AddDelta | undefined;

  constructor(private readonly items: ItemList) {}

  /** Reads an event of an item. Unknown events are skipped, because services may add types at any time. */
  read(name: string, event: WireEvent): void {
    const { item, part, delta } = event;
    switch (name) {
      case "output_item.added":
        if (isObject(item)) this.items.open(item, toNumber(event["output_index"]));
        break;
      case "output_item.done":
        if (isObject(item)) this.items.complete(item, toNumber(event["output_index"]));
        break;
      case "content_part.added":
      case "content_part.done":
        if (isObject(part)) this.readPart(event, part, name === "content_part.done");
        break;
      case "output_text.delta":
        this.readTextDelta(event, "text", toText(delta));
        break;
      case "refusal.delta":
        this.readTextDelta(event, "refusal", toText(delta));
        break;
      case "output_text.done":
        this.readPart(event, { ...event, type: "output_text" }, true);
        break;
      case "refusal.done":
        this.readPart(event, { ...event, type: "refusal" }, true);
        break;
      case "output_text.annotation.added":
        this.readAnnotation(event);
        break;
      case "function_call_arguments.delta":
      case "custom_tool_call_input.delta":
        this.readInputDelta(event, toText(delta));
        break;
      case "function_call_arguments.done":
      case "custom_tool_call_input.done":
        this.findCall(event, false)?.completeInput(event);
        break;
      default:
        this.readReasoning(name, event);
        this.readHosted(name, event);
    }
  }

  private readReasoning(name: string, event: WireEvent): void {
    const [, kind, step] = REASONING_EVENT.exec(name) ?? [];
    if (kind === undefined) return;
    const source = kind.startsWith("_summary") ? "summary" : "text";
    const index = toNumber(event[source === "summary" ? "summary_index" : "content_index"]);
    const item = this.getItem(event, "reasoning", step === "delta");
    if (!(item instanceof ReasoningItem)) return;
    const { part, delta, text } = event;
    if (step === "added") item.openText(source, index, part);
    else if (step === "done") item.completeText(source, index, toText(isObject(part) ? part["text"] : text));
    else if (typeof delta === "string" && delta !== "") {
      const target = item.getText(source, index);
      if (!target) return;
      item.addDelta(target, delta);
      if (target.isPlain) this.addDelta = (next) => item.addDelta(target, next);
    }
  }

  private readTextDelta(event: WireEvent, kind: ContentKind, delta: string): void {
    const item = this.getItem(event, "message", true);
    if (!(item instanceof MessageItem) || delta === "") return;
    const part = item.getPart(kind, toNumber(event["content_index"]));
    const logprobs = readLogprobs(event["logprobs"]);
    item.addDelta(part, delta, logprobs);
    if (part.sent.isPlain) this.addDelta = (next, more) => item.addDelta(part, next, more);
  }

  private readPart(event: WireEvent, part: WireEvent, isWhole: boolean): void {
    const index = toNumber(event["content_index"]);
    if (part["type"] === "reasoning_text") {
      const item = this.getItem(event, "reasoning", false);
      if (!(item instanceof ReasoningItem)) return;
      if (isWhole) item.completeText("text", index, toText(part["text"]));
      else item.openText("text", index, part);
      return;
    }
    const item = this.getItem(event, "message", false);
    if (!(item instanceof MessageItem)) return;
    if (isWhole) item.completePart(part, index);
    else item.openPart(part, index);
  }

  private readAnnotation(event: WireEvent): void {
    const { annotation } = event;
    const item = this.getItem(event, "message", false);
    if (!(item instanceof MessageItem) || !isObject(annotation)) return;
    item.addAnnotation(item.getPart("text", toNumber(event["content_index"])), annotation);
  }

  private readInputDelta(event: WireEvent, delta: string): void {
    const call = this.findCall(event, true);
    if (!call || delta === "") return;
    call.addDelta(delta);
    if (call.input.isPlain) this.addDelta = (next) => call.addDelta(next);
  }

  private findCall(event: WireEvent, isDelta: boolean): CallItem | undefined {
    const type = toText(event["type"]).includes("custom_tool_call") ? "custom_tool_call" : "function_call";
    const item = this.getItem(event, type, isDelta);
    return item instanceof CallItem ? item : undefined;
  }

  /** Reads an event of the service's own tools, such as `web_search_call.searching`. */
  private readHosted(name: string, event: WireEvent): void {
    const [, type, step] = HOSTED_EVENT.exec(name) ?? [];
    if (type === undefined) return;
    const item = this.getItem(event, type, false);
    if (!(item instanceof HostedItem)) return;
    const { delta: _delta, obfuscation: _obfuscation, ...fields } = event;
    for (const field of PLACE_FIELDS) delete fields[field];
    const status = step === "partial_image" ? "generating" : step;
    item.addProgress({ type, ...(toText(event["item_id"]) && { id: event["item_id"] }), ...fields, status });
  }

  private getItem(event: WireEvent, type: string, isDelta: boolean): OpenItem {
    const place = { index: toNumber(event["output_index"]), id: toText(event["item_id"]) };
    return this.items.get(place, type, isDelta);
  }
}
