import type { Clock } from "../clock.js";
import { RecentMap } from "./recent-map.js";

/**
 * Why a session ended. `finished`: by itself. `cancelled`: by the author, or because another took its id. `expired`: after
 * a long silence. `orphaned`: because the node that it comes from is gone. `overflow`: because too many were open.
 * `closed`: with the node.
 */
export type SessionEnd = "finished" | "cancelled" | "expired" | "orphaned" | "overflow" | "closed";

/** How many ended sessions are remembered. */
const MAX_REMEMBERED_SESSIONS = 1000;

/** How the sessions of a node are kept. */
export interface SessionsOptions<T> {
  /** How many may be open. If one more is opened, the oldest ends with `overflow`. */
  maxOpen: number;
  /** Milliseconds without a `get()` after which a session ends with `expired`. Default: never. */
  expiryMs?: number;
  clock: Clock;
  /**
   * Ends after which a session's id is remembered for a while, so that late messages are not taken for those of a new
   * session. Default: none.
   */
  rememberedEnds?: readonly SessionEnd[];
  /** Called exactly once for each session that was opened. */
  onEnd(value: T, reason: SessionEnd, id: string): void;
}

/**
 * The open sessions of a node: what it remembers of each stream, by the stream's id. Every end goes through here (the
 * last message, a cancel, a redeploy, an overflow, a long silence), so that each session ends exactly once.
 */
export class Sessions<T> {
  /** Open sessions, oldest first. `seenAt`: when the session was last used, in milliseconds. */
  private readonly entries = new Map<string, { value: T; seenAt: number }>();
  /** Ids of ended sessions, and whether another session may follow under the same id. */
  private readonly remembered = new RecentMap<boolean>(MAX_REMEMBERED_SESSIONS);
  private timer: unknown;

  constructor(private readonly options: SessionsOptions<T>) {}

  /** How many sessions are open. */
  get size(): number {
    return this.entries.size;
  }

  /** Lists the open sessions, oldest first. */
  list(): T[] {
    return [...this.entries.values()].map(({ value }) => value);
  }

  /** Opens a session. If one is open under this id, it ends with `cancelled` first. */
  open(id: string, value: T): void {
    this.end(id, "cancelled");
    this.forget(id);
    if (this.entries.size >= this.options.maxOpen) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.end(oldest, "overflow");
    }
    this.entries.set(id, { value, seenAt: this.options.clock.now() });
    this.armTimer();
  }

  /** Finds an open session, and counts this as a sign of life. */
  get(id: string): T | undefined {
    const entry = this.entries.get(id);
    if (!entry) return undefined;
    if (this.options.expiryMs !== undefined) entry.seenAt = this.options.clock.now();
    return entry.value;
  }

  /** @returns milliseconds since the last sign of life of an open session; undefined if it is not open */
  getSilence(id: string): number | undefined {
    const entry = this.entries.get(id);
    return entry && this.options.clock.now() - entry.seenAt;
  }

  /** Whether a session of this id has ended and is remembered. */
  hasEnded(id: string): boolean {
    return this.remembered.has(id);
  }

  /** Whether a session of this id has ended and another one may follow. */
  allowsAnother(id: string): boolean {
    return this.remembered.get(id) === true;
  }

  /** Lets another session follow under the id of one that has ended. Its late messages still count as late. */
  allowAnother(id: string): void {
    if (this.remembered.has(id)) this.remembered.set(id, true);
  }

  /** Forgets that a session of this id has ended, so that the next message of this id is a new session. */
  forget(id: string): void {
    this.remembered.delete(id);
  }

  /** Ends a session if it is open. */
  end(id: string, reason: SessionEnd): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    if (this.entries.size === 0) this.clearTimer();
    if (this.options.rememberedEnds?.includes(reason)) this.remembered.set(id, false);
    this.options.onEnd(entry.value, reason, id);
  }

  /** Ends all sessions, or those for which `filter` returns true. */
  endAll(reason: SessionEnd, filter: (value: T) => boolean = () => true): void {
    for (const [id, { value }] of [...this.entries]) if (filter(value)) this.end(id, reason);
  }

  private armTimer(): void {
    const { clock, expiryMs } = this.options;
    if (expiryMs === undefined || this.timer !== undefined) return;
    const oldest = Math.min(...[...this.entries.values()].map((entry) => entry.seenAt));
    this.timer = clock.setTimer(this.endExpired, Math.max(1, oldest + expiryMs - clock.now()));
  }

  private clearTimer(): void {
    this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private readonly endExpired = (): void => {
    this.timer = undefined;
    const { clock, expiryMs } = this.options;
    const now = clock.now();
    try {
      for (const [id, { seenAt }] of [...this.entries])
        if (seenAt + expiryMs! <= now) this.end(id, "expired");
    } finally {
      // If one end throws, the others come with the next timer.
      if (this.entries.size > 0) this.armTimer();
    }
  };
}
