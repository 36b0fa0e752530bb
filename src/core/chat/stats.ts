/** Figures of a stream. Times are in milliseconds. */
export interface Stats {
  /** Chunks with content. */
  chunks: number;
  /** Characters of answer text. */
  characters: number;
  /** From the request to the first content; null if none came. */
  firstTokenMs: number | null;
  /** From the request to the end. */
  durationMs: number;
  /** Average over the whole duration. */
  charactersPerSecond: number;
  /** Requests that the stream took; more than 1 after a retry or a tool-call-router. */
  attempts: number;
}

/** Builds the figures of a stream that took one request. */
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

/** The figures of several requests as plain data, without a clock. */
export interface StoredStats {
  chunks: number;
  characters: number;
  firstTokenMs: number | null;
  /** Milliseconds since the first request; null if nothing was added. */
  elapsedMs: number | null;
}

/**
 * Adds up the figures of a stream that took several requests, as its reader sees it: all the text that the reader has,
 * and the time since the first request, waits included.
 */
export class TotalStats {
  private chunks = 0;
  private characters = 0;
  private firstTokenMs: number | null = null;
  private startedAt: number | undefined;

  /** @param now milliseconds of the clock that counts from here on */
  static restore({ elapsedMs, ...figures }: StoredStats, now: number): TotalStats {
    const total = new TotalStats();
    Object.assign(total, figures);
    if (elapsedMs !== null) total.startedAt = now - elapsedMs;
    return total;
  }

  /** @param now milliseconds of the same clock as before */
  store(now: number): StoredStats {
    const { chunks, characters, firstTokenMs, startedAt } = this;
    return { chunks, characters, firstTokenMs, elapsedMs: startedAt === undefined ? null : now - startedAt };
  }

  /**
   * Adds the figures of a request that has ended.
   * @param now milliseconds of a monotonic clock
   * @param repeated characters that the reader already had
   */
  add(stats: Stats, now: number, repeated: number): void {
    const requestedAt = now - stats.durationMs;
    this.startedAt ??= requestedAt;
    this.chunks += stats.chunks;
    this.characters += stats.characters - repeated;
    if (stats.firstTokenMs !== null) this.firstTokenMs ??= requestedAt + stats.firstTokenMs - this.startedAt;
  }

  /**
   * Starts the text again, because the reader discards it. The time goes on.
   * @param keptCharacters characters that the reader gets again without a new request
   */
  discardText(keptCharacters = 0): void {
    this.chunks = 0;
    this.characters = keptCharacters;
    this.firstTokenMs = null;
  }

  /**
   * Builds the figures so far.
   * @param now milliseconds of the same clock
   * @param attempts how many requests the stream took
   */
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
