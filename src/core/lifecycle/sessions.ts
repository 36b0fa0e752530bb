import type { Clock } from "../clock.js";
import { RecentMap } from "./recent-map.js";

/** Why a session ended. `finished` by itself, the others from outside. */
export type SessionEnd = "finished" | "cancelled" | "expired" | "overflow" | "closed";

/** Sessions that ended lately and are remembered. */
const MOST_REMEMBERED = 1000;

export interface SessionsOptions<T> {
  /** Most that may be open; the oldest ends with `overflow` when one more begins. */
  most: number;
  /** Milliseconds without a `get` after which a session ends with `expired`; undefined: never. */
  expiry?: number;
  clock: Clock;
  /** Ends that are remembered for a while: what still comes of such a session is late, and no new one. Default: none. */
  remember?: readonly SessionEnd[];
  /** Called exactly once for each session that was opened. */
  onEnd(value: T, reason: SessionEnd, id: string): void;
}

/**
 * The live streams of a node. Whatever ends one (its last message, a cancel, a redeploy, too many others, or
 * silence) goes through here, so that each is closed once and none is forgotten.
 */
export class Sessions<T> {
  private readonly entries = new Map<string, { value: T; seen: number }>();
  private readonly over = new RecentMap<true>(MOST_REMEMBERED);
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
    if (this.entries.size >= this.options.most) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.end(oldest, "overflow");
    }
    this.entries.set(id, { value, seen: this.options.clock.now() });
    this.arm();
  }

  /** Finds a session and notes that it is alive. */
  get(id: string): T | undefined {
    const entry = this.entries.get(id);
    if (!entry) return undefined;
    if (this.options.expiry !== undefined) entry.seen = this.options.clock.now();
    return entry.value;
  }

  /** Whether a session of this id has ended, of those that are remembered. */
  isOver(id: string): boolean {
    return this.over.has(id);
  }

  /** What comes under this id from here on is a new session. */
  forget(id: string): void {
    this.over.delete(id);
  }

  end(id: string, reason: SessionEnd): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    if (this.entries.size === 0) this.disarm();
    if (this.options.remember?.includes(reason)) this.over.set(id, true);
    this.options.onEnd(entry.value, reason, id);
  }

  /** Ends those for which `which` says so, by default all. */
  endAll(reason: SessionEnd, which: (value: T) => boolean = () => true): void {
    for (const [id, { value }] of [...this.entries]) if (which(value)) this.end(id, reason);
  }

  private arm(): void {
    const { clock, expiry } = this.options;
    if (expiry === undefined || this.timer !== undefined) return;
    const oldest = Math.min(...[...this.entries.values()].map((entry) => entry.seen));
    this.timer = clock.setTimer(this.sweep, Math.max(1, oldest + expiry - clock.now()));
  }

  private disarm(): void {
    this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private readonly sweep = (): void => {
    this.timer = undefined;
    const { clock, expiry } = this.options;
    const now = clock.now();
    for (const [id, { seen }] of [...this.entries]) if (seen + expiry! <= now) this.end(id, "expired");
    if (this.entries.size > 0) this.arm();
  };
}
