import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { toText } from "../wire-values.js";
import { CallItem, isCallType } from "./call-item.js";
import { HostedItem } from "./hosted-item.js";
import { MessageItem } from "./message-item.js";
import type { ItemListener, OpenItem, WireItem } from "./open-item.js";
import { ReasoningItem } from "./reasoning-item.js";

/** How many items an answer may have. Each event looks for its item among them. */
const MAX_ITEMS = 4096;

/** How an event names its item. */
export interface ItemPlace {
  /** `output_index`; undefined if the event has none. */
  index: number | undefined;
  /** The item's id, or that of its call; `""` if the event has none. */
  id: string;
}

/**
 * The items of an answer, in order of appearance. An event belongs to the item with its `output_index`. Some services
 * send none, use one for several items, or send another id with each event, so the id, the type and the state of the
 * items decide what the index leaves open.
 */
export class ItemList {
  readonly items: OpenItem[] = [];
  private hostedCount = 0;

  constructor(private readonly listener: ItemListener) {}

  /** Takes an item as it opens. */
  open(wire: WireItem, index: number | undefined): void {
    const place = readPlace(wire, index);
    const type = toText(wire["type"]);
    const known = this.find(place, type, false);
    // The same event may come twice, and deltas may come before it.
    const isKnown =
      known && !known.isDone && (!known.hasOpened || (place.id !== "" && place.id === known.id));
    const item = isKnown ? known : this.add(type, place, toText(wire["name"]));
    if (item.hasOpened) return;
    item.hasOpened = true;
    item.id = place.id;
    item.open(wire);
  }

  /** Takes a whole item. */
  complete(wire: WireItem, index: number | undefined): void {
    const place = readPlace(wire, index);
    const type = toText(wire["type"]);
    const item = this.find(place, type, false) ?? this.add(type, place, toText(wire["name"]));
    item.complete(wire);
  }

  /**
   * Gets the item of an event, and creates it if its beginning did not come.
   * @param type the type that the item must have
   * @param isDelta whether the event adds to the item, so that the item cannot be complete
   */
  get(place: ItemPlace, type: string, isDelta: boolean): OpenItem {
    return this.find(place, type, isDelta) ?? this.add(type, place, "");
  }

  /** Takes the items of the whole answer. Those that were never streamed are new. */
  completeAll(output: readonly unknown[]): void {
    const wires = output.filter(isObject);
    const matches = this.matchAll(wires);
    for (const [position, wire] of wires.entries()) {
      let item = matches[position];
      if (!item) {
        item = this.add(toText(wire["type"]), readPlace(wire, undefined), toText(wire["name"]));
        const next = matches.slice(position + 1).find((match) => match !== undefined);
        // Its place in the answer is known now. Text that comes late stays behind the text before it.
        if (next && !(item instanceof MessageItem)) this.moveBefore(item, next);
      }
      item.complete(wire);
    }
  }

  /** Finds the streamed item of each item of the whole answer: by its id, else by its position, else by its type. */
  private matchAll(wires: readonly WireItem[]): (OpenItem | undefined)[] {
    const left = new Set(this.items);
    const matches: (OpenItem | undefined)[] = wires.map(() => undefined);
    const rules: ((item: OpenItem, wire: WireItem, position: number) => boolean)[] = [
      (item, wire) => getIds(item).includes(readPlace(wire, undefined).id),
      (item, _wire, position) => item.index === position,
      () => true,
    ];
    for (const rule of rules) {
      for (const [position, wire] of wires.entries()) {
        if (matches[position]) continue;
        const match = [...left].find((item) => item.type === wire["type"] && rule(item, wire, position));
        if (!match) continue;
        matches[position] = match;
        left.delete(match);
      }
    }
    return matches;
  }

  private find({ index, id }: ItemPlace, type: string, isDelta: boolean): OpenItem | undefined {
    const fits = (item: OpenItem) => item.type === type && !(isDelta && item.isDone);
    const sameId = id === "" ? undefined : this.items.findLast((item) => getIds(item).includes(id));
    if (index !== undefined) {
      const atIndex = this.items.filter((item) => item.index === index);
      const exact = atIndex.findLast((item) => item === sameId) ?? atIndex.at(-1);
      if (exact) return fits(exact) ? exact : undefined;
      return sameId && sameId.index === undefined && fits(sameId) ? sameId : undefined;
    }
    if (sameId) return fits(sameId) ? sameId : undefined;
    return this.items.findLast((item) => !item.isDone && item.type === type);
  }

  private add(type: string, { index, id }: ItemPlace, name: string): OpenItem {
    if (this.items.length >= MAX_ITEMS) {
      throw new Failure("limit", `The service sent more than ${MAX_ITEMS} items in one answer.`);
    }
    const item = this.create(type, name);
    item.index = index;
    item.id = id;
    this.items.push(item);
    return item;
  }

  private create(type: string, name: string): OpenItem {
    const { listener } = this;
    if (type === "message") return new MessageItem(type, listener);
    if (type === "reasoning") return new ReasoningItem(type, listener);
    // xAI reports its own tools as calls of custom tools.
    const isOwnCall = type === "custom_tool_call" && name !== "" && !listener.hasTool(name);
    if (isCallType(type) && !isOwnCall) return new CallItem(type, listener);
    return new HostedItem(type, listener, this.hostedCount++);
  }

  private moveBefore(item: OpenItem, next: OpenItem): void {
    this.items.splice(this.items.indexOf(item), 1);
    this.items.splice(this.items.indexOf(next), 0, item);
  }
}

/** Lists the ids by which events may name an item. */
function getIds(item: OpenItem): string[] {
  const callId = item instanceof CallItem ? item.callId : "";
  return [item.id, callId].filter((id) => id !== "");
}

/** Reads how a whole item names itself. A call may have only the id of the call. */
function readPlace(wire: WireItem, index: number | undefined): ItemPlace {
  return { index, id: toText(wire["id"]) || toText(wire["call_id"]) };
}
