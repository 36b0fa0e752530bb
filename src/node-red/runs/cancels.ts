import { RecentMap, shortenName } from "../../core/lifecycle/recent-map.js";

/** Cancelled names that are remembered, for what is still on its way to the node that would go on. */
const MAX_REMEMBERED = 10_000;

/**
 * Tells a node that what it works for was cancelled at another node: a stream, a run, or a call of a tool. No wire need lead
 * from one to the other. A retry node may wait before it asks again, tools may be at work, or a tool may ask a model itself.
 */
export class Cancels {
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly cancelled = new RecentMap<true>(MAX_REMEMBERED);

  /**
   * @param names of the stream, run or call, and of those that it is a part of
   * @param onCancel must not throw
   * @returns ends the watch; a second call does nothing
   */
  watch(names: readonly string[], onCancel: () => void): () => void {
    if (names.length === 0) return () => {};
    // Its own, so that a second watch with the same callback is not ended with it.
    const call = () => onCancel();
    const keys = names.map(shortenName);
    for (const name of keys) {
      const known = this.watchers.get(name);
      if (known) known.add(call);
      else this.watchers.set(name, new Set([call]));
    }
    return () => {
      for (const name of keys) {
        const left = this.watchers.get(name);
        left?.delete(call);
        if (left?.size === 0) this.watchers.delete(name);
      }
    };
  }

  /** Cancels what has this name: now if somebody works for it, otherwise before somebody begins. */
  cancel(name: string): void {
    this.cancelled.set(name, true);
    for (const call of [...(this.watchers.get(shortenName(name)) ?? [])]) call();
  }

  /** Whether one of these names was cancelled, perhaps before the work for it began. */
  isCancelled(names: readonly string[]): boolean {
    return names.some((name) => this.cancelled.has(name));
  }
}

/** The one of this process: the nodes of several flows work together. */
export const cancels: Cancels = new Cancels();
