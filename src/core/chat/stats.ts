/** How a stream went. Times in milliseconds. */
export interface Stats {
  /** Chunks that carried something. */
  chunks: number;
  /** Characters of answer text. */
  characters: number;
  /** From asking to the first content; null where none came. */
  firstTokenMs: number | null;
  /** From asking to the end. */
  durationMs: number;
  /** Over the whole duration. */
  charactersPerSecond: number;
  /** Requests it took; more than 1 behind a retry or a tool-call-router. */
  attempts: number;
}

export function buildStats(
  chunks: number,
  characters: number,
  firstTokenMs: number | null,
  durationMs: number,
): Stats {
  const seconds = Math.max(durationMs, 1) / 1000;
  return {
    chunks,
    characters,
    firstTokenMs: firstTokenMs === null ? null : Math.round(firstTokenMs),
    durationMs: Math.round(durationMs),
    charactersPerSecond: Math.round((characters / seconds) * 10) / 10,
    attempts: 1,
  };
}

/**
 * The numbers of a stream that took several requests, as its reader sees it: all the text that he has, and the time
 * from the first asking, waits included.
 */
export class TotalStats {
  private chunks = 0;
  private characters = 0;
  private firstTokenMs: number | null = null;
  private startedAt: number | undefined;

  /**
   * Adds a request that has ended.
   * @param now milliseconds of a monotonic clock
   * @param repeated characters that the reader had already
   */
  add(stats: Stats, now: number, repeated: number): void {
    const askedAt = now - stats.durationMs;
    this.startedAt ??= askedAt;
    this.chunks += stats.chunks;
    this.characters += stats.characters - repeated;
    if (stats.firstTokenMs !== null) this.firstTokenMs ??= askedAt + stats.firstTokenMs - this.startedAt;
  }

  /**
   * The reader forgets what he has; the time goes on.
   * @param kept characters that he gets again without a new request
   */
  discardText(kept = 0): void {
    this.chunks = 0;
    this.characters = kept;
    this.firstTokenMs = null;
  }

  /** @param attempts how many requests it took */
  toStats(now: number, attempts: number): Stats {
    const duration = Math.max(1, now - (this.startedAt ?? now));
    return {
      chunks: this.chunks,
      characters: this.characters,
      firstTokenMs: this.firstTokenMs === null ? null : Math.round(this.firstTokenMs),
      durationMs: Math.round(duration),
      charactersPerSecond: Math.round((this.characters / duration) * 10_000) / 10,
      attempts,
    };
  }
}
