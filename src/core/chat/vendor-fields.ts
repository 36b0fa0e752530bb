import { copyJson } from "../json/copy.js";
import {
  ENTRY_BYTES,
  estimateGrowthBytes,
  estimateHeapBytes,
  estimateMemberBytes,
  estimateTextBytes,
} from "../json/heap-size.js";
import { isObject, readOwnField } from "../json/parse.js";

type Members = Record<string, unknown>;

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

/** @returns the members that have a value; those with an empty list or object only if the object has none there */
export function selectNewMembers(known: Readonly<Members>, added: Readonly<Members>): [string, unknown][] {
  return Object.entries(added).filter(([key, value]) => {
    if (value === null || value === undefined) return false;
    const before = readOwnField(known, key);
    return !isEmptyContainer(value) || before === null || before === undefined;
  });
}

/** Whether a value is an empty list or object. */
export function isEmptyContainer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** Vendor fields whose latest state counts. It keeps copies, because other code may change what it was given. */
export class LatestFields {
  private readonly fields = new Map<string, { value: unknown; size: number }>();

  /** Merges a value into a field. @returns by how many bytes the fields grew, roughly */
  add(key: string, value: unknown): number {
    const known = this.fields.get(key);
    // Most fields are the same on every chunk.
    if (value === null || value === undefined || (known && known.value === value)) return 0;
    const own: unknown = copyJson(value);
    if (known && isObject(known.value) && isObject(own)) return this.extendObject(known.value, own);
    const next = mergeField(known?.value, own);
    const size = estimateMemberBytes(key, next) + ENTRY_BYTES;
    this.fields.set(key, { value: next, size });
    return Math.max(0, size - (known?.size ?? 0));
  }

  /** Changes the object in place: copying one that gets a member with each chunk would be quadratic. */
  private extendObject(known: Record<string, unknown>, added: Record<string, unknown>): number {
    let grown = 0;
    for (const [key, value] of selectNewMembers(known, added)) {
      grown += estimateGrowthBytes(key, readOwnField(known, key), value);
      known[key] = value;
    }
    return grown;
  }

  /** Copies the fields. */
  toObject(): Record<string, unknown> {
    // One clone of all is far cheaper than one for each.
    return copyJson(Object.fromEntries([...this.fields].map(([key, { value }]) => [key, value])));
  }
}

/** A list that some vendors repeat in full and others continue. It keeps each entry once, in order. */
export class DistinctList {
  private readonly seen = new Set<string>();
  private readonly entries: unknown[] = [];

  /** Adds the entries that are new. @returns by how many bytes the list grew, roughly */
  add(list: readonly unknown[]): number {
    let grown = 0;
    for (const entry of list) {
      const key = JSON.stringify(entry);
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      this.entries.push(copyJson(entry));
      grown += estimateHeapBytes(entry) + estimateTextBytes(key) + ENTRY_BYTES;
    }
    return grown;
  }

  /** Copies the entries. */
  toArray(): unknown[] {
    return copyJson(this.entries);
  }
}
