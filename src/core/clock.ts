/** Where time comes from. Monotonic: a corrected wall clock must not end a stream. */
export interface Clock {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for hints that are dates. */
  date(): number;
  setTimer(callback: () => void, milliseconds: number): unknown;
  clearTimer(timer: unknown): void;
  /** Calls back once what waits in the kernel has been read. */
  afterReads(callback: () => void): void;
}
