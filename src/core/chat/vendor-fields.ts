import { estimateSize, isObject, readOwnField } from "../json/parse.js";

/**
 * What a vendor's field is after it came once more: null and empty values overwrite nothing, an object's members
 * are taken over one by one (Azure tells its filters' results in portions, Venice its citations once), everything
 * else is replaced.
 */
export function mergeField(known: unknown, added: unknown): unknown {
  if (added === null || added === undefined) return known;
  if (isEmpty(added)) return known ?? added;
  if (!isObject(known) || !isObject(added)) return added;
  const merged = { ...known };
  for (const [key, value] of selectNewMembers(known, added)) merged[key] = value;
  return merged;
}

/** The members that are to be taken over. */
function selectNewMembers(
  known: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, unknown>>,
): [string, unknown][] {
  return Object.entries(added).filter(([key, value]) => {
    if (value === null || value === undefined) return false;
    const before = readOwnField(known, key);
    return !isEmpty(value) || before === null || before === undefined;
  });
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** Vendor's fields of which the latest state counts. Holds copies: what comes in is also somebody else's. */
export class LatestFields {
  private readonly fields = new Map<string, { value: unknown; size: number }>();

  /** @returns how many characters the fields grew by */
  add(key: string, value: unknown): number {
    const known = this.fields.get(key);
    // Most fields say the same on every chunk.
    if (value === null || value === undefined || (known && known.value === value)) return 0;
    const own: unknown = typeof value === "object" ? structuredClone(value) : value;
    if (known && isObject(known.value) && isObject(own)) return this.extendObject(known.value, own);
    const next = mergeField(known?.value, own);
    const size = estimateSize(next) + key.length;
    this.fields.set(key, { value: next, size });
    return Math.max(0, size - (known?.size ?? 0));
  }

  /** In place: an object that grows by a member on each chunk must not be copied each time. */
  private extendObject(known: Record<string, unknown>, added: Record<string, unknown>): number {
    let grown = 0;
    for (const [key, value] of selectNewMembers(known, added)) {
      const before = readOwnField(known, key);
      grown += Math.max(0, estimateSize(value) - (before === undefined ? -key.length : estimateSize(before)));
      known[key] = value;
    }
    return grown;
  }

  /** A copy, for whoever asks. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries([...this.fields].map(([key, { value }]) => [key, structuredClone(value)]));
  }
}

/** A list that some vendors repeat as it grows and others continue: each entry is kept once, in order. */
export class DistinctList {
  private readonly seen = new Set<string>();
  private readonly entries: unknown[] = [];

  /** @returns how many characters are new */
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

  toArray(): unknown[] {
    return structuredClone(this.entries);
  }
}

/** How many blocks may grow side by side: further back none is looked for. */
const MAX_GROWING_BLOCKS = 128;

/**
 * Adds OpenRouter's reasoning details to a list: pieces of the same type and index are one block that grows.
 * @returns how many characters are new
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
