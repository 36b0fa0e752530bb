/** The longest wait of a timer in Node.js, about 24 days. With a longer one it would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Source of time and timers. It is monotonic, so that a correction of the wall clock ends no stream. */
export interface Clock {
  /** Milliseconds since an arbitrary fixed moment. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for hints that are dates. */
  date(): number;
  setTimer(callback: () => void, milliseconds: number): unknown;
  clearTimer(timer: unknown): void;
  /** Calls back after the data that waits in the sockets has been read. */
  afterReads(callback: () => void): void;
}
