import { createHash } from "node:crypto";

/** Ids that are made here have up to 64 characters. Topics and other ids may be a visitor's, and of any length. */
const MAX_NAME_CHARS = 128;

/** Shortens a long name to its hash, so that names which are only remembered take little memory. */
export function shortenName(name: string): string {
  return name.length <= MAX_NAME_CHARS ? name : createHash("sha256").update(name).digest("base64");
}

/**
 * A map of bounded size. If a new entry is one too many, the entry that was set longest ago is deleted. Long keys are kept
 * as their hash.
 */
export class RecentMap<V> extends Map<string, V> {
  /** Stands before the oldest entry. A new iterator would pass all deleted entries each time. */
  private readonly oldest: Iterator<string> = this.keys();

  /** @param maxEntries at least 1 */
  constructor(private readonly maxEntries: number) {
    super();
  }

  override get(key: string): V | undefined {
    return super.get(shortenName(key));
  }

  override has(key: string): boolean {
    return super.has(shortenName(key));
  }

  override delete(key: string): boolean {
    return super.delete(shortenName(key));
  }

  override set(key: string, value: V): this {
    const name = shortenName(key);
    this.delete(name);
    super.set(name, value);
    if (this.size > this.maxEntries) super.delete(this.oldest.next().value as string);
    return this;
  }
}
