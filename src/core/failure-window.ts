/** Venice blocks everybody behind a key for 30 s after 20 failed requests within 30 s. */
const WINDOW = 30_000;

/** Failures that we let happen in a window: some room is left for requests that are no retries. */
const MOST = 15;

/** Remembers when requests failed, to keep retries from tripping a service's rule against abuse. */
export class FailureWindow {
  private times: number[] = [];

  failed(now: number): void {
    this.times.push(now);
    if (this.times.length > MOST) this.times.shift();
  }

  /** Milliseconds until another failure would be harmless; 0 where it is now. */
  wait(now: number): number {
    if (this.times.length < MOST) return 0;
    return Math.max(0, this.times[0]! + WINDOW - now);
  }
}
