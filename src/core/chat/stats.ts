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

export function statsOf(
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
