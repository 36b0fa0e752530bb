import { estimateSize, isObject, readOwnField } from "../json/parse.js";

/**
 * Merges a repeated vendor field: null and empty values overwrite nothing, objects are merged member by member, any
 * other value replaces the earlier one. (Azure sends the results of its filters in portions, Venice its citations only
 * once.) Neither value is changed.
 */
export function mergeField(known: unknown, added: unknown): unknown {
  if (added === null || added === undefined) return known;
  if (isEmptyContainer(added)) return known ?? added;
  if (!isObject(known) || !isObject(added)) return added;
  const merged = { ...known };
  for (const [key, value] of selectNewMembers(known, added)) merged[key] = value;
  return merged;
}

function selectNewMembers(
  known: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, unknown>>,
): [string, unknown][] {
  return Object.entries(added).filter(([key, value]) => {
    if (value === null || value === undefined) return false;
    const before = readOwnField(known, key);
    return !isEmptyContainer(value) || before === null || before === undefined;
  });
}

function isEmptyContainer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** Vendor fields whose latest state counts. It keeps copies, because other code may change what it was given. */
export class LatestFields {
  private readonly fields = new Map<string, { value: unknown; size: number }>();

  /** Merges a value into a field. @returns by how many characters the fields grew, roughly */
  add(key: string, value: unknown): number {
    const known = this.fields.get(key);
    // Most fields are the same on every chunk.
    if (value === null || value === undefined || (known && known.value === value)) return 0;
    const own: unknown = typeof value === "object" ? structuredClone(value) : value;
    if (known && isObject(known.value) && isObject(own)) return this.extendObject(known.value, own);
    const next = mergeField(known?.value, own);
    const size = estimateSize(next) + key.length;
    this.fields.set(key, { value: next, size });
    return Math.max(0, size - (known?.size ?? 0));
  }

  /** Changes the object in place: copying one that gets a member with each chunk would be quadratic. */
  private extendObject(known: Record<string, unknown>, added: Record<string, unknown>): number {
    let grown = 0;
    for (const [key, value] of selectNewMembers(known, added)) {
      const before = readOwnField(known, key);
      grown += Math.max(0, estimateSize(value) - (before === undefined ? -key.length : estimateSize(before)));
      known[key] = value;
    }
    return grown;
  }

  /** Copies the fields. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries([...this.fields].map(([key, { value }]) => [key, structuredClone(value)]));
  }
}

/** A list that some vendors repeat in full and others continue. It keeps each entry once, in order. */
export class DistinctList {
  private readonly seen = new Set<string>();
  private readonly entries: unknown[] = [];

  /** Adds the entries that are new. @returns how many characters they have as JSON */
  add(list: readonly unknown[]): number {
    let grown = 0;
    for (const entry of list) {
      const key = JSON.stringify(entry);
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      this.entries.push(structuredClone(entry));
      grown += key.length;
    }
    return grown;
  }

  /** Copies the entries. */
  toArray(): unknown[] {
    return structuredClone(this.entries);
  }
}

/** A piece is searched for its block among this many of the latest blocks, so that many blocks stay cheap. */
const MAX_GROWING_BLOCKS = 128;

/**
 * Appends OpenRouter's reasoning details to a list. Pieces with the same type and index continue one block.
 * @returns how many characters were added, roughly
 */
export function appendReasoningDetails(known: unknown[], added: readonly unknown[]): number {
  let grown = 0;
  for (const piece of added) {
    grown += estimateSize(piece);
    const block = known.slice(-MAX_GROWING_BLOCKS).find((entry) => isSameBlock(entry, piece)) as
      | Record<string, unknown>
      | undefined;
    if (!block) {
      known.push(structuredClone(piece));
      continue;
    }
    for (const [key, value] of Object.entries(piece as Record<string, unknown>)) {
      if (value === null || value === undefined) continue;
      const grows = key === "text" || key === "summary" || key === "data";
      const before = block[key];
      if (grows && typeof before === "string" && typeof value === "string") block[key] = before + value;
      else block[key] = structuredClone(value);
    }
  }
  return grown;
}

function isSameBlock(block: unknown, piece: unknown): boolean {
  if (!isObject(block) || !isObject(piece) || typeof piece["index"] !== "number") return false;
  return block["index"] === piece["index"] && block["type"] === piece["type"];
}
