import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { toText } from "../wire-values.js";
import { CallItem, isCallType } from "./call-item.js";
import { HostedItem } from "./hosted-item.js";
import { MessageItem } from "./message-item.js";
import type { ItemListener, OpenItem, WireItem } from "./open-item.js";
import { ReasoningItem } from "./reasoning-item.js";

/** How many items an answer may have. Each event looks for its item among them. */
const MAX_ITEMS = 2048;

/** How an event names its item. */
export interface ItemPlace {
  /** `output_index`; undefined if the event has none. */
  index: number | undefined;
  /** The item's id, or that of its call; `""` if the event has none. */
  id: string;
  /** The id of the call; `""` if the event has none, or the item is no call. */
  callId?: string;
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
    const isKnown = known && !known.isDone && (!known.hasOpened || known.ids.has(place.id));
    const item = isKnown ? known : this.add(type, place, toText(wire["name"]));
    if (item.hasOpened) return;
    item.hasOpened = true;
    addIds(item, wire);
    item.open(wire);
  }

  /** Takes a whole item. */
  complete(wire: WireItem, index: number | undefined): void {
    const place = readPlace(wire, index);
    const type = toText(wire["type"]);
    const item = this.find(place, type, false) ?? this.add(type, place, toText(wire["name"]));
    addIds(item, wire);
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
    const ids = countIds(wires, this.items);
    const rules: ((item: OpenItem, id: string, position: number) => boolean)[] = [
      // Some services use an id for several items.
      (item, id) => ids.get(id) === 1 && item.ids.has(id),
      (item, _id, position) => item.index === position,
      () => true,
    ];
    for (const rule of rules) {
      for (const [position, wire] of wires.entries()) {
        const { id } = readPlace(wire, undefined);
        const match = matches[position]
          ? undefined
          : this.items.find(
              (item) => left.has(item) && item.type === wire["type"] && rule(item, id, position),
            );
        if (!match) continue;
        matches[position] = match;
        left.delete(match);
      }
    }
    return matches;
  }

  private find({ index, id, callId = "" }: ItemPlace, type: string, isDelta: boolean): OpenItem | undefined {
    const isOther = (item: OpenItem) =>
      callId !== "" && item instanceof CallItem && item.callId !== "" && item.callId !== callId;
    const ofType = this.items.filter(
      (item) => item.type === type && !(isDelta && item.isDone) && !isOther(item),
    );
    const hasId = (item: OpenItem) => item.ids.has(id);
    if (index === undefined) {
      return ofType.findLast(hasId) ?? ofType.findLast(({ isDone }) => !isDone);
    }
    const atIndex = ofType.filter((item) => item.index === index);
    const open = atIndex.filter(({ isDone }) => !isDone);
    return (
      open.findLast(hasId) ??
      open.at(-1) ??
      atIndex.findLast(hasId) ??
      atIndex.at(-1) ??
      ofType.findLast((item) => item.index === undefined && hasId(item))
    );
  }

  private add(type: string, { index, id }: ItemPlace, name: string): OpenItem {
    if (this.items.length >= MAX_ITEMS) {
      throw new Failure("limit", `The service sent more than ${MAX_ITEMS} items in one answer.`);
    }
    const item = this.create(type, name);
    item.index = index;
    item.addId(id);
    this.items.splice(this.findPosition(item), 0, item);
    return item;
  }

  /** Finds the place of an item whose first event may come late. Text that comes late stays behind the text before it. */
  private findPosition({ index, type }: OpenItem): number {
    const { length } = this.items;
    if (index === undefined) return length;
    const next = this.items.findIndex((item) => item.index !== undefined && item.index > index);
    const isBeforeText = type === "message" && this.items.slice(next).some((item) => item.type === type);
    return next === -1 || isBeforeText ? length : next;
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

/** Counts for how many items each id stands, in the whole answer or among the streamed items. */
function countIds(wires: readonly WireItem[], items: readonly OpenItem[]): Map<string, number> {
  const inAnswer = countEach(wires.map((wire) => readPlace(wire, undefined).id));
  const streamed = countEach(items.flatMap(({ ids }) => [...ids]));
  return new Map([...inAnswer].map(([id, count]) => [id, Math.max(count, streamed.get(id) ?? 0)]));
}

function countEach(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** Remembers the ids in a whole item. Events may name a call by either. */
function addIds(item: OpenItem, { id, call_id: callId }: WireItem): void {
  item.addId(id);
  item.addId(callId);
}

/** Reads how a whole item names itself. A call may have only the id of the call. */
function readPlace(wire: WireItem, index: number | undefined): ItemPlace {
  const callId = toText(wire["call_id"]);
  return { index, id: toText(wire["id"]) || callId, callId };
}
