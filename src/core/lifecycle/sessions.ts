import type { Clock } from "../clock.js";
import { RecentMap } from "./recent-map.js";

/** Why a session ended. `finished` by itself, the others from outside. */
export type SessionEnd = "finished" | "cancelled" | "expired" | "overflow" | "closed";

/** Sessions that ended lately and are remembered. */
const MAX_REMEMBERED_SESSIONS = 1000;

export interface SessionsOptions<T> {
  /** Most that may be open; the oldest ends with `overflow` when one more begins. */
  maxOpen: number;
  /** Milliseconds without a `get` after which a session ends with `expired`; undefined: never. */
  expiryMs?: number;
  clock: Clock;
  /** Ends that are remembered for a while: what still comes of such a session is late, and no new one. Default: none. */
  rememberedEnds?: readonly SessionEnd[];
  /** Called exactly once for each session that was opened. */
  onEnd(value: T, reason: SessionEnd, id: string): void;
}

/**
 * The live streams of a node. Whatever ends one (its last message, a cancel, a redeploy, too many others, or
 * silence) goes through here, so that each is closed once and none is forgotten.
 */
export class Sessions<T> {
  private readonly entries = new Map<string, { value: T; seen: number }>();
  private readonly remembered = new RecentMap<true>(MAX_REMEMBERED_SESSIONS);
  private timer: unknown;

  constructor(private readonly options: SessionsOptions<T>) {}

  get size(): number {
    return this.entries.size;
  }

  /** Those that are open, oldest first. */
  list(): T[] {
    return [...this.entries.values()].map(({ value }) => value);
  }

  /** Begins a session. One that is open under this id ends with `cancelled`: its place is taken. */
  open(id: string, value: T): void {
    this.end(id, "cancelled");
    this.forget(id);
    if (this.entries.size >= this.options.maxOpen) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.end(oldest, "overflow");
    }
    this.entries.set(id, { value, seen: this.options.clock.now() });
    this.armTimer();
  }

  /** Finds a session and notes that it is alive. */
  get(id: string): T | undefined {
    const entry = this.entries.get(id);
    if (!entry) return undefined;
    if (this.options.expiryMs !== undefined) entry.seen = this.options.clock.now();
    return entry.value;
  }

  /** Whether a session of this id has ended, of those that are remembered. */
  hasEnded(id: string): boolean {
    return this.remembered.has(id);
  }

  /** What comes under this id from here on is a new session. */
  forget(id: string): void {
    this.remembered.delete(id);
  }

  end(id: string, reason: SessionEnd): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    if (this.entries.size === 0) this.clearTimer();
    if (this.options.rememberedEnds?.includes(reason)) this.remembered.set(id, true);
    this.options.onEnd(entry.value, reason, id);
  }

  /** Ends those for which `which` says so, by default all. */
  endAll(reason: SessionEnd, which: (value: T) => boolean = () => true): void {
    for (const [id, { value }] of [...this.entries]) if (which(value)) this.end(id, reason);
  }

  private armTimer(): void {
    const { clock, expiryMs: expiry } = this.options;
    if (expiry === undefined || this.timer !== undefined) return;
    const oldest = Math.min(...[...this.entries.values()].map((entry) => entry.seen));
    this.timer = clock.setTimer(this.endExpired, Math.max(1, oldest + expiry - clock.now()));
  }

  private clearTimer(): void {
    this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private readonly endExpired = (): void => {
    this.timer = undefined;
    const { clock, expiryMs: expiry } = this.options;
    const now = clock.now();
    for (const [id, { seen }] of [...this.entries]) if (seen + expiry! <= now) this.end(id, "expired");
    if (this.entries.size > 0) this.armTimer();
  };
}
