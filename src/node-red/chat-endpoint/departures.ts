import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { Message } from "../red/api.js";
import { readAnswerId } from "./reply-address.js";

/** Answers that are remembered: a retry node or a tool may still ask for them. */
const MAX_REMEMBERED = 10_000;

/**
 * Tells the nodes that work on an answer, in this process, that nobody reads it any more. Without a wire, a model stops
 * when its client leaves.
 */
export class Departures {
  private readonly left = new RecentMap<true>(MAX_REMEMBERED);
  private readonly watchers = new Map<string, Set<() => void>>();

  /**
   * Watches the answer that a message belongs to.
   * @param onLeave called once when its last reader leaves
   * @returns ends the watch
   */
  watch(message: Message, onLeave: () => void): () => void {
    const id = readAnswerId(message);
    if (id === undefined) return () => {};
    const watchers = this.watchers.get(id) ?? new Set();
    this.watchers.set(id, watchers.add(onLeave));
    return () => {
      watchers.delete(onLeave);
      if (watchers.size === 0 && this.watchers.get(id) === watchers) this.watchers.delete(id);
    };
  }

  /** Whether the readers of the answer that a message belongs to have left. */
  hasLeft(message: Message): boolean {
    const id = readAnswerId(message);
    return id !== undefined && this.left.has(id);
  }

  /** The last reader of an answer has left. */
  leave(id: string): void {
    this.left.set(id, true);
    const watchers = this.watchers.get(id);
    this.watchers.delete(id);
    for (const onLeave of watchers ?? []) onLeave();
  }
}

/** The one of this process: an answer may be made by nodes of several flows. */
export const departures: Departures = new Departures();
