/** A map of bounded size. If a new entry is one too many, the entry that was set longest ago is deleted. */
export class RecentMap<V> extends Map<string, V> {
  /** @param maxEntries at least 1 */
  constructor(private readonly maxEntries: number) {
    super();
  }

  override set(key: string, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.maxEntries) this.delete(this.keys().next().value!);
    return this;
  }
}
