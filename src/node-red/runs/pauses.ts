import { RecentMap, shortenName } from "../../core/lifecycle/recent-map.js";

/** Cancelled ids that are remembered, for streams whose last message is still on its way to the node that would go on. */
const MAX_REMEMBERED = 10_000;

/**
 * The streams that go on though no chat-stream has anything of them: a retry node waits before it asks again, or the tools of
 * a run work. Whoever cancels them at the chat-stream reaches the node that will ask.
 */
export class Pauses {
  private readonly cancels = new Map<string, Set<() => void>>();
  private readonly cancelled = new RecentMap<true>(MAX_REMEMBERED);

  /**
   * @param names ids of the stream, and of the run
   * @param cancel ends the stream; must not throw
   * @returns ends the pause; a second call does nothing
   */
  begin(names: readonly string[], cancel: () => void): () => void {
    // Its own, so that a second pause of the same name is not ended with it.
    const call = () => cancel();
    const keys = names.map(shortenName);
    for (const name of keys) {
      const known = this.cancels.get(name);
      if (known) known.add(call);
      else this.cancels.set(name, new Set([call]));
    }
    return () => {
      for (const name of keys) {
        const left = this.cancels.get(name);
        left?.delete(call);
        if (left?.size === 0) this.cancels.delete(name);
      }
    };
  }

  /** Cancels the stream or run with this id: now if it pauses, otherwise before it goes on. */
  cancel(name: string): void {
    this.cancelled.set(name, true);
    for (const call of [...(this.cancels.get(shortenName(name)) ?? [])]) call();
  }

  /** Whether one of these streams or runs was cancelled, perhaps before it got to the node that asks. */
  isCancelled(names: readonly string[]): boolean {
    return names.some((name) => this.cancelled.has(name));
  }
}

/** The one of this process: the nodes of several flows work together. */
export const pauses: Pauses = new Pauses();
