import type { Clock } from "../../core/clock.js";
import type { Sessions } from "../../core/lifecycle/sessions.js";
import { MAX_STRAGGLER_WAIT_MS } from "./open-streams.js";
import { LOST_AFTER_MS } from "./request-watch.js";

/**
 * Tells the nodes of this process which streams will not get a last message, because a deploy closed the node that would
 * send it. Streams of other processes and of function nodes are never announced.
 */
export class ClosedStreams {
  private readonly listeners = new Set<(id: string) => void>();

  /** @param onClosed gets the id of each stream; must not throw @returns stops listening */
  listen(onClosed: (id: string) => void): () => void {
    this.listeners.add(onClosed);
    return () => this.listeners.delete(onClosed);
  }

  /** The node that would send the last message of a stream is closed. */
  announce(id: string): void {
    for (const onClosed of this.listeners) onClosed(id);
  }
}

/** The one of this process: nodes of several flows read the same stream. */
export const closedStreams: ClosedStreams = new ClosedStreams();

/**
 * How long nothing may have come of a closed stream before a node that ends streams gives it up. A node before it that
 * watches the request itself says so within `LOST_AFTER_MS`, in its own words.
 */
export const MAX_ORPHAN_WAIT_MS = LOST_AFTER_MS + MAX_STRAGGLER_WAIT_MS;

/**
 * Ends sessions of closed streams as `orphaned`. Messages of such a stream may still be on their way, so each of them
 * begins the wait anew.
 */
export class OrphanWatch {
  private readonly timers = new Map<string, unknown>();
  private readonly stopListening: () => void;

  /** @param waitMs how long nothing may have come */
  constructor(
    private readonly clock: Clock,
    private readonly sessions: Pick<Sessions<unknown>, "get" | "getSilence" | "end">,
    private readonly waitMs: number,
    closed: ClosedStreams = closedStreams,
  ) {
    this.stopListening = closed.listen((id) => {
      // Finding the session counts as a sign of life: the wait begins now.
      if (this.sessions.get(id) !== undefined && !this.timers.has(id)) this.arm(id, this.waitMs);
    });
  }

  close(): void {
    this.stopListening();
    for (const timer of this.timers.values()) this.clock.clearTimer(timer);
    this.timers.clear();
  }

  private arm(id: string, milliseconds: number): void {
    this.timers.set(
      id,
      this.clock.setTimer(() => this.look(id), milliseconds),
    );
  }

  private look(id: string): void {
    this.timers.delete(id);
    const silence = this.sessions.getSilence(id);
    if (silence === undefined) return;
    if (silence < this.waitMs) this.arm(id, this.waitMs - silence);
    else this.sessions.end(id, "orphaned");
  }
}
