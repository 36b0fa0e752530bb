/** A map that holds so many entries: the one that was set longest ago goes when another comes. */
export class RecentMap<V> extends Map<string, V> {
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
