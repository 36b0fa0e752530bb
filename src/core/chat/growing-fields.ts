import { GrowingText } from "../growing-text.js";
import { copyJson } from "../json/copy.js";
import {
  ENTRY_BYTES,
  estimateGrowthBytes,
  estimateHeapBytes,
  estimatePieceBytes,
  estimateTextBytes,
} from "../json/heap-size.js";
import { isObject, readOwnField } from "../json/parse.js";
import { ANTHROPIC_ORDER, RESPONSES_ORDER } from "./vendor-echo.js";
import { isEmptyContainer, mergeField, selectNewMembers } from "./vendor-fields.js";

type Members = Record<string, unknown>;

/** A piece is searched for its block among this many of the latest blocks, so that many blocks stay cheap. */
const MAX_GROWING_BLOCKS = 128;

/**
 * Appends OpenRouter's reasoning details to a list. Pieces with the same type and index continue one block.
 * @returns how many bytes were added, roughly
 */
export function appendReasoningDetails(known: unknown[], added: readonly unknown[]): number {
  let grown = 0;
  for (const piece of added) {
    const block = known.slice(-MAX_GROWING_BLOCKS).find((entry) => isSameBlock(entry, piece)) as
      | Members
      | undefined;
    if (!block) {
      known.push(copyJson(piece));
      grown += estimateHeapBytes(piece);
      continue;
    }
    for (const [key, value] of Object.entries(piece as Members)) {
      if (value === null || value === undefined) continue;
      grown += addToBlock(block, key, value);
    }
  }
  return grown;
}

function addToBlock(block: Members, key: string, value: unknown): number {
  const before = block[key];
  const grows = key === "text" || key === "summary" || key === "data";
  if (grows && typeof before === "string" && typeof value === "string") {
    block[key] = before + value;
    return estimatePieceBytes(value);
  }
  block[key] = copyJson(value);
  return estimateGrowthBytes(key, before, value);
}

function isSameBlock(block: unknown, piece: unknown): boolean {
  if (!isObject(block) || !isObject(piece) || typeof piece["index"] !== "number") return false;
  return block["index"] === piece["index"] && block["type"] === piece["type"];
}

/** Last words of the names of texts that label something. Services repeat such a text or send it once, always whole. */
const LABEL =
  /(?:^|_)(?:id|uuid|type|kind|role|name|label|title|index|status|state|phase|stage|channel|mode|level|model|object|format|reason|signature|opaque|version|lang|language|provider|source|author|recipient|event|created|time|timestamp|date|url|uri|mime|encoding|hash|fingerprint|tier)$/;

/** Last words of the names of texts in an object or block that grow by pieces. */
const GROWING_TEXT =
  /(?:^|_)(?:text|content|thinking|thought|reasoning|summary|input|arguments|json|transcript)$/;

/** Fields of a block that do not tell it from the one before. */
const BLOCK_FIELDS: ReadonlySet<string> = new Set(["type", "index", "id", "format", "signature"]);

/**
 * Merges two values of a field that is unknown in deltas. Texts and lists are continued. Of labels and of anything else the
 * latest value counts. Neither value is changed.
 */
export function mergeDeltaField(key: string, known: unknown, added: unknown): unknown {
  if (isGrowingText(key, added) && typeof known === "string") return known + added;
  if (isGrowingList(key, added) && Array.isArray(known)) return [...(known as unknown[]), ...added];
  if (!isObject(known) || !isObject(added)) return mergeField(known, added);
  const merged = { ...known };
  for (const [name, value] of selectNewMembers(known, added)) {
    merged[name] = mergeMember(name, readOwnField(known, name), value);
  }
  return merged;
}

/**
 * Fields that are unknown in deltas, merged as `mergeDeltaField` does it. In lists, the pieces of a block are joined. It
 * keeps copies, because other code may change what it was given.
 */
export class GrowingFields {
  private readonly fields = new Map<string, GrowingText | BlockList | { value: unknown }>();

  /** Adds a value to a field. @returns by how many bytes the fields grew, roughly */
  add(key: string, value: unknown): number {
    const known = this.fields.get(key);
    if (value === null || value === undefined || (known && isEmptyContainer(value))) return 0;
    const keySize = known ? 0 : estimateTextBytes(key) + ENTRY_BYTES;
    if (isGrowingText(key, value)) {
      const text = known instanceof GrowingText ? known : new GrowingText();
      this.fields.set(key, text);
      text.append(value);
      return keySize + value.length;
    }
    if (isGrowingList(key, value)) {
      const list = known instanceof BlockList ? known : new BlockList();
      this.fields.set(key, list);
      return keySize + list.add(value);
    }
    const before = known && "value" in known ? known.value : undefined;
    // Most fields are the same on every chunk.
    if (known && before === value) return 0;
    if (isObject(before) && isObject(value)) return extendObject(before, value);
    this.fields.set(key, { value: copyJson(value) });
    return keySize + Math.max(0, estimateHeapBytes(value) - estimateHeapBytes(before));
  }

  /** Copies the fields. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries([...this.fields].map(([key, field]) => [key, copyField(field)]));
  }
}

/** A list that is continued. A piece of a block that has begun is joined to it, and an entry that is repeated is skipped. */
class BlockList {
  private readonly entries: unknown[] = [];
  private readonly seen = new Set<string>();

  /** @returns how many bytes were added, roughly */
  add(pieces: readonly unknown[]): number {
    let grown = 0;
    for (const piece of pieces) grown += isBlock(piece) ? this.addToBlock(piece) : this.addEntry(piece);
    return grown;
  }

  toArray(): unknown[] {
    return copyJson(this.entries);
  }

  private addToBlock(piece: Members): number {
    const isIndexed = typeof piece["index"] === "number";
    const candidates = this.entries.slice(isIndexed ? -MAX_GROWING_BLOCKS : -1);
    const block = candidates.find((entry) => isBlock(entry) && isContinuedBy(entry, piece));
    if (block) return extendObject(block as Members, piece);
    this.entries.push(copyJson(piece));
    return estimateHeapBytes(piece);
  }

  private addEntry(entry: unknown): number {
    let keySize = 0;
    // Numbers are of a list such as token ids, in which each counts.
    if (typeof entry !== "number") {
      const key = JSON.stringify(entry);
      if (this.seen.has(key)) return 0;
      this.seen.add(key);
      keySize = estimateTextBytes(key) + ENTRY_BYTES;
    }
    this.entries.push(copyJson(entry));
    return keySize + estimateHeapBytes(entry);
  }
}

/**
 * Whether an entry of a list is a block or a piece of one: it has an index, or it has a text that grows or a signature and
 * nothing else that matters.
 */
function isBlock(entry: unknown): entry is Members {
  if (!isObject(entry)) return false;
  if (typeof entry["index"] === "number") return true;
  const members = Object.entries(entry).filter(([, value]) => value !== null && value !== undefined);
  return (
    members.some(
      ([name, value]) => typeof value === "string" && (GROWING_TEXT.test(name) || name === "signature"),
    ) && members.every(([name]) => GROWING_TEXT.test(name) || BLOCK_FIELDS.has(name))
  );
}

/** Whether a piece belongs to a block: both have the same index, or neither has one and the block has no signature yet. */
function isContinuedBy(block: Members, piece: Members): boolean {
  const { id, type, index, signature } = block;
  if (index !== piece["index"] || type !== piece["type"]) return false;
  if (id && piece["id"] && id !== piece["id"]) return false;
  return typeof index === "number" || !signature;
}

/** Adds members to an object, in place. @returns by how many bytes it grew, roughly */
function extendObject(known: Members, added: Members): number {
  let grown = 0;
  for (const [name, value] of selectNewMembers(known, added)) {
    const before = readOwnField(known, name);
    const grows = isGrowingMember(name, before, value);
    grown += grows ? estimatePieceBytes(value as string) : estimateGrowthBytes(name, before, value);
    known[name] = copyJson(mergeMember(name, before, value));
  }
  return grown;
}

function mergeMember(name: string, known: unknown, added: unknown): unknown {
  return isGrowingMember(name, known, added) ? `${known as string}${added as string}` : added;
}

function isGrowingMember(name: string, known: unknown, added: unknown): boolean {
  return typeof known === "string" && typeof added === "string" && GROWING_TEXT.test(name);
}

function isGrowingText(key: string, value: unknown): value is string {
  return typeof value === "string" && !LABEL.test(key.replace(/[a-z](?=[A-Z])/g, "$&_").toLowerCase());
}

/** The order of an answer's blocks or items is a list that replaces the one before. */
function isGrowingList(key: string, value: unknown): value is unknown[] {
  return Array.isArray(value) && key !== ANTHROPIC_ORDER && key !== RESPONSES_ORDER;
}

function copyField(field: GrowingText | BlockList | { value: unknown }): unknown {
  if (field instanceof GrowingText) return field.toString();
  return field instanceof BlockList ? field.toArray() : copyJson(field.value);
}
