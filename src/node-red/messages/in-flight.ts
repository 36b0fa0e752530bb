import type { AskTag } from "./ask-tags.js";

/**
 * The requests of nodes in this process that some node works on: a chat-stream that waits or streams, a router whose
 * tools run, a retry node that waits. A node whose request nobody works on, and whose stream does not come, knows that
 * the request got lost on a wire.
 */
export class InFlight {
  private readonly holders = new Map<string, number>();

  /**
   * Notes that a node works on behalf of others.
   * @param tags those of the message that asked
   * @returns ends that; a second call does nothing
   */
  hold(tags: readonly AskTag[]): () => void {
    if (tags.length === 0) return () => {};
    const keys = tags.map(buildKey);
    for (const key of keys) this.holders.set(key, (this.holders.get(key) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const key of keys) {
        const others = this.holders.get(key)! - 1;
        if (others > 0) this.holders.set(key, others);
        else this.holders.delete(key);
      }
    };
  }

  isHeld(tag: AskTag): boolean {
    return this.holders.has(buildKey(tag));
  }
}

/** The one of this process: nodes of several flows work for each other. */
export const inFlight: InFlight = new InFlight();

function buildKey(tag: AskTag): string {
  if (tag.kind === "budget") return `${tag.node} ${tag.request}`;
  const name = tag.kind === "retry" ? `${tag.stream} ${tag.request}` : `${tag.run} ${tag.round}`;
  return `${tag.node} ${name}`;
}
