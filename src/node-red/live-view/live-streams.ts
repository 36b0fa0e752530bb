import { randomUUID } from "node:crypto";
import type { ChatResult } from "../../client/chat-types.js";
import type { Clock } from "../../core/clock.js";
import { systemClock } from "../../transport/system-clock.js";
import type { LiveSource } from "./live-source.js";
import { type LiveSnapshot, MAX_ENDED_ROWS, MAX_RUNNING_ROWS } from "./rows.js";
import { HourlyTotals, toMinute } from "./totals.js";
import { TrackedStream } from "./tracked-stream.js";

/** Ends the row of a stream. Only the first call counts. @param result undefined if the node was closed before it came */
export type EndRow = (result: ChatResult | undefined) => void;

/**
 * The streams of this process for the live view: those that run, the latest that ended, and sums of the last hour. It has
 * no timer and sends nothing: whoever watches asks for a snapshot, and gets what has changed since the last one.
 */
export class LiveStreams {
  /** Tells the rows of this process from those of an earlier one. */
  private readonly boot = randomUUID();
  /** Number of the latest change. */
  private change = 0;
  private lastId = 0;
  /** By the number of their row, the oldest first. */
  private readonly running = new Map<number, { tracked: TrackedStream; source: LiveSource }>();
  /** The oldest first. */
  private readonly ended: TrackedStream[] = [];
  /** Number of the latest change of a row that is forgotten. */
  private forgottenAt = 0;
  private readonly totals = new HourlyTotals();
  /** Number of the latest change of the sums, and the minute in which they were last listed. */
  private totalsChangedAt = 0;
  private totalsMinute = -1;

  constructor(private readonly clock: Pick<Clock, "now">) {}

  /** Adds a stream that begins. */
  begin(source: LiveSource): EndRow {
    const id = ++this.lastId;
    const startedAt = this.clock.now();
    const tracked = new TrackedStream(id, source, startedAt);
    this.running.set(id, { tracked, source });
    return (result) => {
      if (this.running.delete(id)) this.end(tracked, result, this.clock.now() - startedAt);
    };
  }

  /** @param cursor that of the reader's last snapshot; anything else gives everything */
  takeSnapshot(cursor: unknown): LiveSnapshot {
    const now = this.clock.now();
    this.look();
    this.noteMinute(now);
    const known = this.readCursor(cursor);
    // What is forgotten may be a row that the reader still has as running.
    const isWhole = known === undefined || known < this.forgottenAt;
    const since = isWhole ? 0 : known;
    const rows = [...this.ended, ...this.listShown()].filter(({ changedAt }) => changedAt > since);
    return {
      cursor: `${this.boot}.${this.change}`,
      isWhole,
      now: Math.round(now),
      running: this.running.size,
      streams: rows.map((tracked) => tracked.toRow(since)),
      ...(this.totalsChangedAt > since ? { totals: this.totals.list(now) } : {}),
    };
  }

  /** Stops a running stream. @param id number of its row @returns false if there is none */
  stop(id: number): boolean {
    const stream = this.running.get(id);
    stream?.source.stop();
    return stream !== undefined;
  }

  private end(tracked: TrackedStream, result: ChatResult | undefined, durationMs: number): void {
    tracked.end(result, durationMs, ++this.change);
    this.ended.push(tracked);
    if (this.ended.length > MAX_ENDED_ROWS) this.forgottenAt = this.ended.shift()!.changedAt;
    const { provider } = tracked;
    if (!provider) return;
    this.totals.add(provider, tracked.figures, this.clock.now());
    this.totalsChangedAt = this.change;
  }

  /** Looks at the running streams that are shown. */
  private look(): void {
    const change = this.change + 1;
    for (const tracked of this.listShown()) {
      tracked.look(change);
      if (tracked.changedAt === change) this.change = change;
    }
  }

  private listShown(): TrackedStream[] {
    const shown: TrackedStream[] = [];
    for (const { tracked } of this.running.values()) {
      if (shown.length === MAX_RUNNING_ROWS) break;
      shown.push(tracked);
    }
    return shown;
  }

  /** The sums of the last hour change with each minute, also if nothing happens. */
  private noteMinute(now: number): void {
    const minute = toMinute(now);
    if (minute === this.totalsMinute) return;
    this.totalsMinute = minute;
    this.totalsChangedAt = ++this.change;
  }

  /** @returns the number of the latest change that a reader knows; undefined if it knows none of this process */
  private readCursor(cursor: unknown): number | undefined {
    if (typeof cursor !== "string") return undefined;
    const [boot, change] = cursor.split(".");
    const known = Number(change);
    return boot === this.boot && known >= 0 && known <= this.change ? known : undefined;
  }
}

/** All streams of this process. */
export const liveStreams = new LiveStreams(systemClock);
